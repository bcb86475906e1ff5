/*
 * neon-peer ORIGIN USER PATH... < password: asks for one path after the other in one session of neon, and reports each on a line of
 * its own: the status, or the error that neon has found in the answer. neon verifies rspauth, and follows nextnonce.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ne_auth.h>
#include <ne_request.h>
#include <ne_session.h>
#include <ne_socket.h>
#include <ne_uri.h>

struct account {
    const char *user;
    char password[256];
};

/* Once for each request: a second question means that the answer was wrong. */
static int provide(void *userdata, int attempt, unsigned protocol, const char *realm, char *user, char *password,
                   size_t length)
{
    const struct account *account = userdata;
    (void)protocol;
    (void)realm;
    if (attempt > 0 || strlen(account->user) >= length || strlen(account->password) >= length) return -1;
    strcpy(user, account->user);
    strcpy(password, account->password);
    return 0;
}

static void ask(ne_session *session, const char *path)
{
    ne_request *request = ne_request_create(session, "GET", path);
    if (ne_request_dispatch(request) == NE_OK) printf("%d\n", ne_get_status(request)->code);
    else printf("%s\n", ne_get_error(session));
    ne_request_destroy(request);
}

int main(int argc, char **argv)
{
    struct account account;
    ne_uri origin;
    ne_session *session;
    int i;
    if (argc < 4 || ne_uri_parse(argv[1], &origin) != 0) {
        fprintf(stderr, "usage: neon-peer ORIGIN USER PATH... < password\n");
        return 1;
    }
    account.user = argv[2];
    if (fgets(account.password, sizeof account.password, stdin) == NULL || ne_sock_init() != 0) return 2;
    account.password[strcspn(account.password, "\n")] = '\0';
    session = ne_session_create(origin.scheme, origin.host, origin.port);
    ne_set_read_timeout(session, 30);
    ne_add_auth(session, NE_AUTH_DIGEST, provide, &account);
    for (i = 3; i < argc; i++) ask(session, argv[i]);
    ne_session_destroy(session);
    ne_uri_free(&origin);
    ne_sock_exit();
    return 0;
}
