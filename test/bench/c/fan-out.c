// Both ends of a fan-out, as cheap as Linux lets them be.
//   fan-out send STREAMS BYTES     a server that only sends: every 100 ms so many bytes to each client
//   fan-out receive STREAMS PORT   clients of /stream on the loopback, which count and forget
// The server says its port, the clients "open". For each line on its standard input either says what has
// happened since the line before: {"events": N, "bytes": N, "cpuSeconds": N, "open": N}. It ends with its input.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVERY_MS = 100, MANY = 512, PIECE = 1 << 18 };
static char bytes[PIECE];
static char *last_byte;
static long events, received, streams_open;
static double told_cpu;

static void must(int ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(1);
}

static double cpu_seconds(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static void answer_line(void) {
  if (read(0, bytes, sizeof bytes) <= 0) exit(0);
  double cpu = cpu_seconds();
  printf("{\"events\": %ld, \"bytes\": %ld, \"cpuSeconds\": %f, \"open\": %ld}\n", events, received,
         cpu - told_cpu, streams_open);
  fflush(stdout);
  events = received = 0;
  told_cpu = cpu;
}

static void watch(int poll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  must(epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

// An event ends with an empty line.
static void take(int poll, int fd) {
  ssize_t size = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) {
    epoll_ctl(poll, EPOLL_CTL_DEL, fd, NULL);
    close(fd);
    streams_open -= 1;
    return;
  }
  received += size;
  char before = last_byte[fd];
  for (ssize_t at = 0; at < size; at += 1) {
    if (bytes[at] == '\n' && before == '\n') events += 1;
    before = bytes[at];
  }
  last_byte[fd] = before;
}

static void receive_all(int streams, int port) {
  int poll = epoll_create1(0);
  struct sockaddr_in at = loopback(port);
  char request[128];
  int length = snprintf(request, sizeof request,
      "GET /stream HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: text/event-stream\r\n\r\n", port);
  last_byte = calloc(streams + 64, 1);
  for (; streams_open < streams; streams_open += 1) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(fd >= 0 && fd < streams + 64, "socket");
    must(connect(fd, (struct sockaddr *)&at, sizeof at) == 0, "connect");
    must(write(fd, request, length) == length, "write");
    watch(poll, fd);
  }
  watch(poll, 0);
  printf("open\n");
  fflush(stdout);
  for (struct epoll_event ready[MANY];;) {
    int count = epoll_wait(poll, ready, MANY, -1);
    for (int i = 0; i < count; i += 1) {
      if (ready[i].data.fd == 0) answer_line();
      else take(poll, ready[i].data.fd);
    }
  }
}

static void send_all(int streams, int size) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in at = loopback(0);
  socklen_t length = sizeof at;
  must(bind(listener, (struct sockaddr *)&at, length) == 0 && listen(listener, 4096) == 0, "listen");
  must(getsockname(listener, (struct sockaddr *)&at, &length) == 0, "getsockname");
  printf("%d\n", ntohs(at.sin_port));
  fflush(stdout);
  int *clients = calloc(streams, sizeof(int));
  char *frame = malloc(size);
  memset(frame, 'x', size);
  frame[size - 2] = frame[size - 1] = '\n';
  for (int on = 1; streams_open < streams; streams_open += 1) {
    int fd = accept(listener, NULL, NULL);
    must(fd >= 0 && read(fd, bytes, sizeof bytes) > 0, "accept");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    clients[streams_open] = fd;
  }
  int poll = epoll_create1(0);
  watch(poll, 0);
  for (double due = now_ms();; due += EVERY_MS) {
    for (int i = 0; i < streams; i += 1) {
      if (send(clients[i], frame, size, MSG_DONTWAIT | MSG_NOSIGNAL) == size) events += 1;
    }
    struct epoll_event ready;
    for (double left; (left = due + EVERY_MS - now_ms()) > 0;) {
      if (epoll_wait(poll, &ready, 1, left + 1) > 0) answer_line();
    }
  }
}

int main(int count, char **arguments) {
  must(count == 4, "fan-out send STREAMS BYTES | receive STREAMS PORT");
  int streams = atoi(arguments[2]);
  if (strcmp(arguments[1], "send") == 0) send_all(streams, atoi(arguments[3]));
  receive_all(streams, atoi(arguments[3]));
}
