// What the machine itself needs from a watch's event to one client: reads the raw watch, looks for the stamp in restartCount, writes four bytes.
// relay FEED_PORT: prints the port where it waits for its one client.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[1 << 22];

static struct sockaddr_in local(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int main(int count, char **words) {
    if (count != 2) return 2;
    int listening = socket(AF_INET, SOCK_STREAM, 0), feed = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in here = local(0), there = local(atoi(words[1]));
    socklen_t size = sizeof here;
    if (bind(listening, (void *)&here, sizeof here) || listen(listening, 1) || getsockname(listening, (void *)&here, &size)) return 1;
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    int client = accept(listening, 0, 0);
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const char *request = "GET /api/v1/pods?watch=1 HTTP/1.1\r\nHost: feed\r\n\r\n";
    if (connect(feed, (void *)&there, sizeof there) || write(feed, request, strlen(request)) < 0) return 1;
    const char *mark = "\"restartCount\":";
    size_t held = 0;
    for (ssize_t got; (got = read(feed, buffer + held, sizeof buffer - held)) > 0;) {
        held += got;
        char *at = buffer, *end;
        while ((end = memmem(at, buffer + held - at, "}\n\r\n", 4))) {
            char *found = memmem(at, end - at, mark, strlen(mark));
            int32_t stamp = found ? atoi(found + strlen(mark)) : 0;
            if (found && write(client, &stamp, sizeof stamp) < 0) return 1;
            at = end + 4;
        }
        held -= at - buffer;
        memmove(buffer, at, held);
    }
    return 0;
}
