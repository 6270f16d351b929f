// SPDX-License-Identifier: Apache-2.0
// As turns.py, in C++: turns [openssl|gnutls|through]. Exceptions around the library's functions;
// with "through" they leave OpenSSL's own, from what these call to read. A filter for system calls kills the process for one that it does not know,
// as those are that the kernel's probes use since 6.11; threads.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <openssl/ssl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define SYSCALL_KNOWN_MAX 334 // behind it stand uretprobe and uprobe, on x86-64

static void check(bool good, const char *what)
{
	if (good)
		return;
	std::fprintf(stderr, "%s\n", what);
	std::_Exit(1);
}

static int connected()
{
	sockaddr_in a{};

	a.sin_family = AF_INET;
	a.sin_port = htons(std::atoi(std::strrchr(std::getenv("BASE"), ':') + 1));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	check(fd >= 0 && !connect(fd, reinterpret_cast<sockaddr *>(&a), sizeof(a)), "connect");
	return fd;
}

struct Connection {
	virtual ~Connection() {}
	virtual long read(char *to, int size) = 0;
	virtual long write(const std::string &s) = 0;
	bool throws = false; // from within read()
};

struct OpenSsl : Connection {
	int fd = connected();
	SSL *ssl;

	static long called(BIO *b, int what, const char *, size_t, int, long, int r, size_t *)
	{
		if (what == BIO_CB_READ && reinterpret_cast<OpenSsl *>(BIO_get_callback_arg(b))->throws)
			throw std::runtime_error("thrown");
		return r;
	}
	const bool through;

	explicit OpenSsl(bool through) : through(through)
	{
		static SSL_CTX *context = SSL_CTX_new(TLS_client_method());
		ssl = SSL_new(context);
		SSL_set_fd(ssl, fd);
		check(SSL_connect(ssl) == 1, "SSL_connect");
		if (!through)
			return;
		BIO_set_callback_arg(SSL_get_rbio(ssl), reinterpret_cast<char *>(this));
		BIO_set_callback_ex(SSL_get_rbio(ssl), called);
	}
	~OpenSsl()
	{
		SSL_free(ssl);
		close(fd);
	}
	long read(char *to, int size) override
	{
		if (throws && !through)
			throw std::runtime_error("thrown");
		return SSL_read(ssl, to, size);
	}
	long write(const std::string &s) override { return SSL_write(ssl, s.data(), int(s.size())); }
};

struct GnuTls : Connection {
	int fd = connected();
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
		gnutls_transport_set_int(session, fd);
		check(gnutls_handshake(session) == 0, "gnutls_handshake");
	}
	~GnuTls()
	{
		gnutls_deinit(session);
		close(fd);
	}
	long read(char *to, int size) override
	{
		long n;

		while ((n = gnutls_record_recv(session, to, size)) == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			;
		if (throws)
			throw std::runtime_error("thrown");
		return n;
	}
	long write(const std::string &s) override { return gnutls_record_send(session, s.data(), s.size()); }
};

static std::string call(Connection &c, int n)
{
	std::string body = "{\"model\":\"torture\",\"messages\":[],\"n\":" + std::to_string(n) + "}", got;
	char part[4096];

	std::string head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ";
	check(c.write(head + std::to_string(body.size()) + "\r\n\r\n" + body) > 0, "write");
	for (;;) {
		size_t end = got.find("\r\n\r\n"), at = got.find("content-length: ");

		if (end != std::string::npos && got.size() >= end + 4 + std::stoul(got.substr(at + 16)))
			return got.substr(end + 4);
		long r = c.read(part, sizeof(part));
		check(r > 0, "read");
		got.append(part, size_t(r));
	}
}

static void forbid()
{
	sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SYSCALL_KNOWN_MAX, 0, 3),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 424, 2, 0), // those that every architecture has
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	sock_fprog program = { sizeof(code) / sizeof(*code), code };

	check(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "seccomp");
}

int main(int argc, char **argv)
{
	const std::string how = argc > 1 ? argv[1] : "";
	bool gnutls = how == "gnutls", through = how == "through";
	auto make = [=]() -> std::unique_ptr<Connection> {
		return gnutls ? std::unique_ptr<Connection>(new GnuTls) : std::unique_ptr<Connection>(new OpenSsl(through));
	};
	int turns = std::atoi(std::getenv("TURNS")), n = 0;
	uint64_t sum = 0xcbf29ce484222325;
	auto add = [&](const std::string &s) {
		for (unsigned char c : s)
			sum = (sum ^ c) * 0x100000001b3;
	};

#ifdef __x86_64__
	forbid();
#endif
	auto c = make();
	for (; turns ? n < turns : access(std::getenv("STOP"), F_OK) != 0; n++) {
		add(call(*c, n));
		if (n % 5 == 4) {
			c->throws = true;
			try {
				add(call(*c, n));
			} catch (const std::runtime_error &e) {
				add(e.what());
			}
			c = make();
		}
		if (n % 20 == 19) {
			std::vector<std::string> got(16);
			std::vector<std::thread> all;
			for (int i = 0; i < 16; i++)
				all.emplace_back([&, i] { got[size_t(i)] = call(*make(), n * 100 + i); });
			for (auto &t : all)
				t.join();
			for (auto &s : got)
				add(s);
		}
	}
	std::printf("%d %016llx\n", n, (unsigned long long)sum);
}
