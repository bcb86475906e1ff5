/*
 * sasl-client SERVICE HOST USER BITS TIMES: DIGEST-MD5 by Cyrus SASL, so many exchanges in one process, which remembers the nonce of
 * each for the next (RFC 2831 2.2). BITS is the strength of the layer: 0 none, 1 integrity.
 *
 * The password is the first line on standard input. Then lines go both ways: `C token` from here, `S token` from the server, tokens in
 * base64. `C` alone is no token: the server begins. An exchange ends with `done`, or with `failed` and a reason.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sasl/sasl.h>
#include <sasl/saslutil.h>

#define MOST 8192

static const char *user;
static sasl_secret_t *secret;

static int give_name(void *context, int id, const char **result, unsigned *length)
{
    (void)context;
    if (id != SASL_CB_USER && id != SASL_CB_AUTHNAME) return SASL_BADPARAM;
    *result = id == SASL_CB_USER ? "" : user; /* acting as oneself */
    if (length != NULL) *length = (unsigned)strlen(*result);
    return SASL_OK;
}

static int give_password(sasl_conn_t *connection, void *context, int id, sasl_secret_t **result)
{
    (void)context;
    if (connection == NULL || id != SASL_CB_PASS) return SASL_BADPARAM;
    *result = secret;
    return SASL_OK;
}

static const sasl_callback_t callbacks[] = {
    {SASL_CB_USER, (int (*)(void))give_name, NULL},
    {SASL_CB_AUTHNAME, (int (*)(void))give_name, NULL},
    {SASL_CB_PASS, (int (*)(void))give_password, NULL},
    {SASL_CB_LIST_END, NULL, NULL},
};

static int read_line(char *line)
{
    if (fgets(line, MOST, stdin) == NULL) return 0;
    line[strcspn(line, "\n")] = '\0';
    return 1;
}

static void say(const char *token, unsigned length)
{
    char text[MOST];
    unsigned written = 0;
    if (token != NULL && sasl_encode64(token, length, text, sizeof text, &written) != SASL_OK) exit(2);
    printf(token == NULL ? "C\n" : "C %.*s\n", (int)written, text);
    fflush(stdout);
}

static int take(char *token, unsigned *length)
{
    char line[MOST];
    if (!read_line(line) || strncmp(line, "S ", 2) != 0) return 0;
    return sasl_decode64(line + 2, (unsigned)strlen(line + 2), token, MOST, length) == SASL_OK;
}

static int exchange(const char *service, const char *host, unsigned bits)
{
    sasl_security_properties_t layer = {bits, bits, 65536, 0, NULL, NULL};
    sasl_conn_t *connection;
    const char *out = NULL, *mechanism;
    char token[MOST];
    unsigned length = 0;
    int status = sasl_client_new(service, host, NULL, NULL, NULL, 0, &connection);
    if (status != SASL_OK) return status;
    sasl_setprop(connection, SASL_SEC_PROPS, &layer);
    status = sasl_client_start(connection, "DIGEST-MD5", NULL, &out, &length, &mechanism);
    while (status == SASL_OK || status == SASL_CONTINUE) {
        say(out, length);
        if (status == SASL_OK) break;
        if (!take(token, &length)) exit(2);
        out = NULL;
        status = sasl_client_step(connection, token, length, NULL, &out, &length);
    }
    if (status == SASL_OK) printf("done\n");
    else printf("failed %s\n", sasl_errdetail(connection));
    fflush(stdout);
    sasl_dispose(&connection);
    return status;
}

int main(int argc, char **argv)
{
    char password[MOST];
    int times, failures = 0;
    if (argc != 6 || !read_line(password)) {
        fprintf(stderr, "usage: sasl-client SERVICE HOST USER BITS TIMES, the password on the first line of standard input\n");
        return 1;
    }
    user = argv[3];
    secret = malloc(sizeof *secret + strlen(password));
    if (secret == NULL || sasl_client_init(callbacks) != SASL_OK) return 2;
    secret->len = strlen(password);
    memcpy(secret->data, password, secret->len + 1);
    for (times = atoi(argv[5]); times > 0; times--)
        failures += exchange(argv[1], argv[2], (unsigned)atoi(argv[4])) != SASL_OK;
    sasl_done();
    return failures == 0 ? 0 : 3;
}
