// SPDX-License-Identifier: Apache-2.0
// unwind PORT: calls over TLS whose transport is a callback of this program, and out of that callback,
// through the library's own frames, an exception, a longjmp and the cancelling of a thread. All are
// things that programs do; each must end as it does when nobody looks. Prints what happened.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum leave { STAY, THROW, JUMP, BLOCK };

static leave leaving; // how the next callback leaves; one thread at a time uses it
static jmp_buf away;
static int port, blocked[2];

static void check(bool good, const char *what)
{
	if (good)
		return;
	std::fprintf(stderr, "%s\n", what);
	std::_Exit(1);
}

static void maybe_leave()
{
	leave how = leaving;

	leaving = STAY;
	if (how == THROW)
		throw std::runtime_error("thrown");
	if (how == JUMP)
		longjmp(away, 1);
	if (how == BLOCK) { // a place where threads are cancelled
		check(write(blocked[1], "", 1) == 1, "pipe");
		for (;;)
			pause();
	}
}

static int connected()
{
	sockaddr_in a{};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_family = AF_INET;
	a.sin_port = htons(uint16_t(port));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	check(fd >= 0 && !connect(fd, reinterpret_cast<sockaddr *>(&a), sizeof(a)), "connect");
	return fd;
}

struct Connection {
	int fd = connected();

	virtual ~Connection() { close(fd); }
	virtual long read(char *to, size_t size) = 0;
	virtual long write(const char *from, size_t size) = 0;
};

static int bio_read(BIO *b, char *to, int size)
{
	maybe_leave();
	return int(recv(int(reinterpret_cast<long>(BIO_get_data(b))), to, size_t(size), 0));
}

static int bio_write(BIO *b, const char *from, int size)
{
	maybe_leave();
	return int(send(int(reinterpret_cast<long>(BIO_get_data(b))), from, size_t(size), MSG_NOSIGNAL));
}

static long bio_ctrl(BIO *, int what, long, void *)
{
	return what == BIO_CTRL_FLUSH;
}

struct OpenSsl : Connection {
	SSL *ssl;
	const bool ex;

	explicit OpenSsl(bool ex) : ex(ex)
	{
		static SSL_CTX *context = SSL_CTX_new(TLS_client_method());
		static BIO_METHOD *method = [] {
			BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "callbacks");
			BIO_meth_set_read(m, bio_read);
			BIO_meth_set_write(m, bio_write);
			BIO_meth_set_ctrl(m, bio_ctrl);
			return m;
		}();
		BIO *bio = BIO_new(method);

		BIO_set_data(bio, reinterpret_cast<void *>(long(fd)));
		BIO_set_init(bio, 1);
		ssl = SSL_new(context);
		SSL_set_bio(ssl, bio, bio);
		check(SSL_connect(ssl) == 1, "SSL_connect");
	}
	~OpenSsl() { SSL_free(ssl); }
	long read(char *to, size_t size) override
	{
		size_t n = 0;

		if (!ex)
			return SSL_read(ssl, to, int(size));
		return SSL_read_ex(ssl, to, size, &n) == 1 ? long(n) : -1;
	}
	long write(const char *from, size_t size) override
	{
		size_t n = 0;

		if (!ex)
			return SSL_write(ssl, from, int(size));
		return SSL_write_ex(ssl, from, size, &n) == 1 ? long(n) : -1;
	}
};

static ssize_t pull(gnutls_transport_ptr_t p, void *to, size_t size)
{
	maybe_leave();
	return recv(int(reinterpret_cast<long>(p)), to, size, 0);
}

static ssize_t push(gnutls_transport_ptr_t p, const void *from, size_t size)
{
	maybe_leave();
	return send(int(reinterpret_cast<long>(p)), from, size, MSG_NOSIGNAL);
}

struct GnuTls : Connection {
	gnutls_session_t session;

	GnuTls()
	{
		static gnutls_certificate_credentials_t none = [] {
			gnutls_certificate_credentials_t c;
			gnutls_certificate_allocate_credentials(&c);
			return c;
		}();
		gnutls_init(&session, GNUTLS_CLIENT);
		gnutls_set_default_priority(session);
		gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, none);
		gnutls_transport_set_ptr(session, reinterpret_cast<void *>(long(fd)));
		gnutls_transport_set_pull_function(session, pull);
		gnutls_transport_set_push_function(session, push);
		check(gnutls_handshake(session) == 0, "gnutls_handshake");
	}
	~GnuTls() { gnutls_deinit(session); }
	long read(char *to, size_t size) override
	{
		long n;

		while ((n = gnutls_record_recv(session, to, size)) == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			;
		return n;
	}
	long write(const char *from, size_t size) override { return gnutls_record_send(session, from, size); }
};

static const char *stack;

static Connection *make()
{
	if (!std::strcmp(stack, "gnutls"))
		return new GnuTls;
	return new OpenSsl(!std::strcmp(stack, "openssl, _ex"));
}

static const std::string body = "{\"model\":\"gpt-mock-4\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
static const std::string request = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
				   "x-mock: in=10\r\ncontent-length: " +
				   std::to_string(body.size()) + "\r\n\r\n" + body;

// One whole call.
static void call(Connection &c)
{
	std::string got;
	char part[4096];

	check(c.write(request.data(), request.size()) == long(request.size()), "write");
	for (;;) {
		size_t end = got.find("\r\n\r\n"), at = got.find("ontent-");

		while (at != std::string::npos && got.compare(at, 14, "ontent-length:") && got.compare(at, 14, "ontent-Length:"))
			at = got.find("ontent-", at + 1);
		if (end != std::string::npos && at != std::string::npos && got.size() >= end + 4 + std::stoul(got.substr(at + 14)))
			return;
		long r = c.read(part, sizeof(part));
		check(r > 0, "read");
		got.append(part, size_t(r));
	}
}

static void use(Connection &c, bool writes)
{
	char part[64];

	if (writes)
		c.write("POST /v1/chat/completions", 25);
	else
		c.read(part, sizeof(part));
}

static bool throws(bool writes)
{
	Connection *c = make();
	bool caught = false;

	call(*c);
	leaving = THROW;
	try {
		use(*c, writes);
	} catch (const std::runtime_error &) {
		caught = true;
	}
	delete c;
	return caught;
}

static bool jumps(bool writes)
{
	Connection *c = make();
	volatile bool came = false;

	call(*c);
	leaving = JUMP;
	if (!setjmp(away))
		use(*c, writes);
	else
		came = true;
	delete c;
	return came;
}

static bool cleaned;

struct Cleaner {
	~Cleaner() { cleaned = true; }
};

static void *cancelled(void *arg)
{
	Cleaner cleaner;

	use(**static_cast<Connection **>(arg), false);
	return nullptr;
}

// What has a destructor above the library's frames sees the end of its thread.
static bool cancels()
{
	Connection *c = make();
	pthread_t thread;
	void *result = nullptr;
	char byte;

	call(*c);
	cleaned = false;
	leaving = BLOCK;
	check(!pthread_create(&thread, nullptr, cancelled, &c), "thread");
	check(read(blocked[0], &byte, 1) == 1, "pipe");
	pthread_cancel(thread);
	pthread_join(thread, &result);
	delete c;
	return result == PTHREAD_CANCELED && cleaned;
}

int main(int argc, char **argv)
{
	check(argc == 3 && !pipe(blocked), "usage: unwind PORT STACK");
	port = std::atoi(argv[1]);
	stack = argv[2];
	usleep(700000);
	std::printf("read throws: %d\n", throws(false));
	std::printf("write throws: %d\n", throws(true));
	std::printf("read jumps: %d\n", jumps(false));
	std::printf("write jumps: %d\n", jumps(true));
	std::printf("read is cancelled: %d\n", cancels());
	Connection *c = make();
	call(*c);
	delete c;
	std::printf("lives\n");
}
