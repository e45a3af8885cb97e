// Many browsers that only listen. crowd PORT COUNT FILE: opens the sockets, sends each the bytes of FILE (a handshake and a hello), and reads.
// When its input ends it prints: sockets that are open, bytes in all, and after that, for each group of reads that 10 ms of silence
// set apart, when the last of them came (microseconds of the monotonic clock) and how many there were.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define GROUPS 100000

static char buffer[1 << 20];
static struct { int64_t last; int reads; } groups[GROUPS];

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

int main(int count, char **words) {
    if (count != 4) return 2;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    FILE *file = fopen(words[3], "rb");
    if (!file) return 1;
    size_t length = fread(buffer, 1, sizeof buffer, file);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int polling = epoll_create1(0), open = 0;
    for (int number = 0; number < atoi(words[2]); number++) {
        int line = socket(AF_INET, SOCK_STREAM, 0);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = line};
        if (connect(line, (void *)&address, sizeof address) || write(line, buffer, length) < 0) return 1;
        epoll_ctl(polling, EPOLL_CTL_ADD, line, &event);
        open++;
    }
    printf("ready\n");
    fflush(stdout);
    struct epoll_event input = {.events = EPOLLIN, .data.fd = 0}, events[512];
    epoll_ctl(polling, EPOLL_CTL_ADD, 0, &input);
    int64_t bytes = 0;
    int group = -1;
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
            bytes += got;
            if (group < 0 || (at - groups[group].last > 10000 && group < GROUPS - 1)) group++;
            groups[group].last = at;
            groups[group].reads++;
        }
    }
    printf("%d %lld\n", open, (long long)bytes);
    for (int number = 0; number <= group; number++) printf("%lld %d\n", (long long)groups[number].last, groups[number].reads);
    return 0;
}
