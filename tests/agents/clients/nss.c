/* SPDX-License-Identifier: Apache-2.0 */
/* LLM calls over NSS, with BASE, CALLS, STREAM and GO as fetch.mjs has them. The server's
 * certificate is not checked: the test's CA is not in NSS's database. */
#include <nspr.h>
#include <nss.h>
#include <ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static SECStatus any_certificate(void *arg, PRFileDesc *fd, PRBool check, PRBool server)
{
	(void)arg, (void)fd, (void)check, (void)server;
	return SECSuccess;
}

static int whole(const char *answer)
{
	const char *body = strstr(answer, "\r\n\r\n"), *length = strstr(answer, "content-length: ");

	if (!body)
		return 0;
	return length && length < body ? strlen(body + 4) >= strtoul(length + 16, NULL, 10)
				       : strstr(body, "\r\n0\r\n\r\n") != NULL;
}

static int one_call(const char *host, int port)
{
	const char *stream = getenv("STREAM");
	char body[256], request[1024], answer[65536] = "";
	PRNetAddr address;
	PRFileDesc *fd = SSL_ImportFD(NULL, PR_NewTCPSocket());
	int n, got = 0;

	PR_InitializeNetAddr(PR_IpAddrLoopback, (PRUint16)port, &address);
	SSL_OptionSet(fd, SSL_SECURITY, PR_TRUE);
	SSL_OptionSet(fd, SSL_HANDSHAKE_AS_CLIENT, PR_TRUE);
	SSL_AuthCertificateHook(fd, any_certificate, NULL);
	SSL_SetURL(fd, host);
	if (PR_Connect(fd, &address, PR_INTERVAL_NO_TIMEOUT) != PR_SUCCESS)
		return 1;
	snprintf(body, sizeof(body), "{\"model\":\"nss-mock-1\",\"messages\":[]%s}",
		 stream && *stream ? ",\"stream\":true,\"stream_options\":{\"include_usage\":true}"
				   : "");
	n = snprintf(request, sizeof(request),
		     "POST /v1/chat/completions HTTP/1.1\r\nhost: %s:%d\r\n"
		     "content-type: application/json\r\nx-mock: cached=7,in=70,out=9\r\n"
		     "content-length: %zu\r\n\r\n%s",
		     host, port, strlen(body), body);
	if (PR_Write(fd, request, n) != n)
		return 1;
	while (!whole(answer) && got < (int)sizeof(answer) - 1) {
		n = PR_Read(fd, answer + got, (PRInt32)sizeof(answer) - 1 - got);
		if (n <= 0)
			break;
		got += n;
	}
	PR_Close(fd);
	return whole(answer) ? 0 : 1;
}

int main(void)
{
	const char *base = getenv("BASE"), *calls = getenv("CALLS"), *go = getenv("GO");
	const char *wait = getenv("WAIT"); /* milliseconds before the first call */
	char host[128] = "";
	int port = 0, n = calls ? atoi(calls) : 1;

	if (!base || sscanf(base, "https://%127[^:]:%d", host, &port) != 2 ||
	    NSS_NoDB_Init(NULL) != SECSuccess || NSS_SetDomesticPolicy() != SECSuccess)
		return 2;
	usleep(wait ? 1000 * (useconds_t)atoi(wait) : 0);
	for (int i = 0; i < n; i++) {
		for (int k = 0; i && go && *go && access(go, F_OK) && k < 2400; k++)
			usleep(50000);
		if (one_call(host, port))
			return 1;
	}
	return 0;
}
