// Many browsers that only listen. crowd PORT COUNT FILE LENGTH LEAST: opens the sockets, sends each in turn the next LENGTH bytes of FILE (a
// handshake, and once that is answered a hello), reads, and answers pings as browsers do. When its input ends it prints: sockets that are open, bytes
// in all, after how many microseconds the last of them had LEAST bytes (-1 where one never had), how many snapshots they were sent, and after that,
// for each change, told apart by its first bytes, when the first and the last browser had all of it (microseconds of the monotonic clock) and how many
// had. A change is a message of that type, or one too short to say a type, as the floors send.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHANGES 100000
#define LINES 65536
#define SNAPSHOT "\xa4type\xa8snapshot"  // after the first byte of such a message, which says how many fields it has
#define CHANGE "\xa4type\xa7" "changes"
#define START 64  // type and position of a change are no longer

static char buffer[1 << 20], said[16 << 20];
static int64_t had[LINES];
static struct { uint64_t skip; int http, filled, is_message; const char *hello; unsigned char head[140]; char start[START]; size_t begun; } lines[LINES];
static size_t hello_length;
static int snapshots;
static struct { char start[START]; size_t begun; int64_t first, last; int browsers; } changes[CHANGES];
static int told;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static void answer(int line, const unsigned char *payload, int length) {
    unsigned char pong[6 + 125] = {0x8a, 0x80 | length};
    memcpy(pong + 6, payload, length);
    if (write(line, pong, 6 + length) < 0) return;
}

static int is(int line, const char *tag) {
    return lines[line].begun > strlen(tag) && !memcmp(lines[line].start + 1, tag, strlen(tag));
}

// Counts a message that has come whole.
static void count_message(int line) {
    size_t begun = lines[line].begun;
    snapshots += is(line, SNAPSHOT);
    if (!is(line, CHANGE) && begun >= strlen(CHANGE)) return;
    int number = told - 1;
    while (number >= 0 && (changes[number].begun != begun || memcmp(changes[number].start, lines[line].start, begun))) number--;
    if (number < 0) {
        if (told == CHANGES) return;
        number = told++;
        memcpy(changes[number].start, lines[line].start, changes[number].begun = begun);
        changes[number].first = now();
    }
    changes[number].last = now();
    changes[number].browsers++;
}

// Follows the frames of one line (RFC 6455, section 5.2) as far as it takes to find pings, snapshots and changes.
static void follow(int line, const unsigned char *data, ssize_t left) {
    static const char end[] = "\r\n\r\n";
    for (; left > 0; data++, left--) {
        if (lines[line].http < 4) {
            lines[line].http = *data == end[lines[line].http] ? lines[line].http + 1 : *data == '\r';
            if (lines[line].http == 4 && write(line, lines[line].hello, hello_length) < 0) return;
            continue;
        }
        if (lines[line].skip) {
            uint64_t passed = lines[line].skip < (uint64_t)left ? lines[line].skip : (uint64_t)left;
            lines[line].skip -= passed;
            for (uint64_t at = 0; at < passed && lines[line].begun < START; at++) lines[line].start[lines[line].begun++] = data[at];
            data += passed - 1;
            left -= passed - 1;
            if (!lines[line].skip && lines[line].is_message) count_message(line);
            continue;
        }
        unsigned char *head = lines[line].head;
        head[lines[line].filled++] = *data;
        if (lines[line].filled < 2) continue;
        int size = head[1] & 0x7f, more = size == 126 ? 2 : size == 127 ? 8 : 0;
        int is_ping = (head[0] & 0x0f) == 9;
        if (lines[line].filled < 2 + more + (is_ping ? size : 0)) continue;
        uint64_t length = size;
        for (int number = 0; more && number < more; number++) length = (number ? length << 8 : 0) | head[2 + number];
        if (is_ping) answer(line, head + 2, size);
        else lines[line].skip = length;
        lines[line].is_message = (head[0] & 0x0f) == 2;
        lines[line].filled = lines[line].begun = 0;
    }
}

int main(int count, char **words) {
    if (count != 6) return 2;
    int64_t began = now(), whole = -1, each = atoll(words[4]), least = atoll(words[5]);
    int left = atoi(words[2]);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    FILE *file = fopen(words[3], "rb");
    if (!file || each < 1) return 1;
    size_t texts = fread(said, 1, sizeof said, file) / each;
    size_t head = strstr(said, "\r\n\r\n") + 4 - said;
    hello_length = each - head;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int polling = epoll_create1(0), open = 0;
    for (int number = 0; number < atoi(words[2]); number++) {
        int line = socket(AF_INET, SOCK_STREAM, 0);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = line};
        if (connect(line, (void *)&address, sizeof address) || line >= LINES || write(line, said + number % texts * each, head) < 0) return 1;
        lines[line].hello = said + number % texts * each + head;
        epoll_ctl(polling, EPOLL_CTL_ADD, line, &event);
        open++;
    }
    printf("ready\n");
    fflush(stdout);
    struct epoll_event input = {.events = EPOLLIN, .data.fd = 0}, events[512];
    epoll_ctl(polling, EPOLL_CTL_ADD, 0, &input);
    int64_t bytes = 0;
    for (int over = 0; !over;) {
        int found = epoll_wait(polling, events, 512, -1);
        for (int number = 0; number < found; number++) {
            int line = events[number].data.fd;
            if (line == 0) {
                over = read(0, buffer, sizeof buffer) <= 0;
                continue;
            }
            ssize_t got = read(line, buffer, sizeof buffer);
            if (got <= 0) {
                close(line);
                open--;
                continue;
            }
            int64_t at = now();
            follow(line, (unsigned char *)buffer, got);
            bytes += got;
            if (had[line] < least && had[line] + got >= least && --left == 0) {
                whole = at - began;
                printf("whole\n");
                fflush(stdout);
            }
            had[line] += got;
        }
    }
    printf("%d %lld %lld %d\n", open, (long long)bytes, (long long)whole, snapshots);
    for (int number = 0; number < told; number++)
        printf("%lld %lld %d\n", (long long)changes[number].first, (long long)changes[number].last, changes[number].browsers);
    return 0;
}
