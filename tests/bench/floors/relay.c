// What the machine itself needs from a watch's event to who looks on: reads the raw watch, looks for the stamp in restartCount, sends it on.
// relay FEED_PORT: prints the port where it waits for its one client, which gets four bytes for each event.
// relay FEED_PORT whole: the client gets the event as it is, as from a server that relays watches.
// relay FEED_PORT COUNT: waits for so many browsers, answers each handshake without a look at it and prints "ready". Each of them gets the four
// bytes as a message, and what they say is passed over; once all have been written to, the stamp is printed.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINES 65536

static char buffer[1 << 22], said[65536];
static int clients[LINES], count, is_many, is_whole;

static struct sockaddr_in local(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void follow(int polling, int line) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = line};
    epoll_ctl(polling, EPOLL_CTL_ADD, line, &event);
}

// Tells every client of the event between the two; gives whether they all took it.
static int tell(const char *at, const char *end) {
    static const char mark[] = "\"restartCount\":", start[] = "{\"type\":";
    const char *found = memmem(at, end - at, mark, strlen(mark)), *event = memmem(at, end - at, start, strlen(start));
    if (!found || !event) return 1;
    int32_t stamp = atoi(found + strlen(mark));
    if (is_whole) return write(clients[0], event, end - event) == end - event;
    if (!is_many) return write(clients[0], &stamp, sizeof stamp) == sizeof stamp;
    char message[2 + sizeof stamp] = {(char)0x82, sizeof stamp};
    memcpy(message + 2, &stamp, sizeof stamp);
    for (int number = 0; number < count; number++)
        if (write(clients[number], message, sizeof message) != sizeof message) return 0;
    printf("%d\n", stamp);
    fflush(stdout);
    return 1;
}

int main(int words, char **word) {
    if (words != 2 && words != 3) return 2;
    is_whole = words == 3 && !strcmp(word[2], "whole");
    is_many = words == 3 && !is_whole;
    count = is_many ? atoi(word[2]) : 1;
    if (count < 1 || count > LINES) return 2;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int listening = socket(AF_INET, SOCK_STREAM, 0), feed = socket(AF_INET, SOCK_STREAM, 0), polling = epoll_create1(0), one = 1;
    struct sockaddr_in here = local(0), there = local(atoi(word[1]));
    socklen_t size = sizeof here;
    if (bind(listening, (void *)&here, sizeof here) || listen(listening, 4096) || getsockname(listening, (void *)&here, &size)) return 1;
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    const char *answer = "HTTP/1.1 101 Switching Protocols\r\n\r\n", *request = "GET /api/v1/pods?watch=1 HTTP/1.1\r\nHost: feed\r\n\r\n";
    for (int number = 0; number < count; number++) {
        clients[number] = accept(listening, 0, 0);
        setsockopt(clients[number], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (is_many && (read(clients[number], said, sizeof said) <= 0 || write(clients[number], answer, strlen(answer)) < 0)) return 1;
        follow(polling, clients[number]);
    }
    if (connect(feed, (void *)&there, sizeof there) || write(feed, request, strlen(request)) < 0) return 1;
    follow(polling, feed);
    if (is_many) puts("ready");
    fflush(stdout);
    struct epoll_event events[512];
    for (size_t held = 0;;) {
        int found = epoll_wait(polling, events, 512, -1);
        for (int number = 0; number < found; number++) {
            int line = events[number].data.fd;
            if (line != feed) {
                if (read(line, said, sizeof said) <= 0) return 1;
                continue;
            }
            ssize_t got = read(feed, buffer + held, sizeof buffer - held);
            if (got <= 0) return 0;
            held += got;
            char *at = buffer, *end;
            for (; (end = memmem(at, buffer + held - at, "}\n\r\n", 4)); at = end + 4)
                if (!tell(at, end + 2)) return 1;
            held -= at - buffer;
            memmove(buffer, at, held);
        }
    }
}
