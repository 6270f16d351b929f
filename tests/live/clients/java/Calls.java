// SPDX-License-Identifier: Apache-2.0
import java.io.FileInputStream;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * LLM calls over the JDK's own TLS: Calls engine|socket, by SSLEngine (java.net.http) or by
 * SSLSocket (HttpsURLConnection). BASE, CALLS, STREAM, BYTES, WAIT and GO of the environment: CALLS
 * calls, the first after WAIT ms; then it waits for the file GO to appear. Prints "STATUS LENGTH" of each.
 */
public final class Calls {
    private static final String BASE = System.getenv("BASE"), PATH = "/v1/chat/completions";
    private static final String MOCK = System.getenv().getOrDefault("MOCK", "cached=7,in=70,out=9");

    private static String body() {
        String stream = System.getenv("STREAM") == null ? "" : ",\"stream\":true,\"stream_options\":{\"include_usage\":true}";
        String text = "x".repeat(Integer.parseInt(System.getenv().getOrDefault("BYTES", "5")));
        return "{\"model\":\"java-mock-1\",\"messages\":[{\"role\":\"user\",\"content\":\"" + text + "\"}]" + stream + "}";
    }

    private static SSLContext trusting(String pem) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream in = new FileInputStream(pem)) {
            int n = 0;
            for (Certificate c : CertificateFactory.getInstance("X.509").generateCertificates(in))
                store.setCertificateEntry("ca" + n++, c);
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    private static String byEngine(HttpClient client) throws Exception {
        HttpRequest r = HttpRequest.newBuilder(URI.create(BASE + PATH)).header("content-type", "application/json")
            .header("x-mock", MOCK).POST(HttpRequest.BodyPublishers.ofString(body())).build();
        HttpResponse<String> a = client.send(r, HttpResponse.BodyHandlers.ofString());
        return a.statusCode() + " " + a.body().length();
    }

    private static String bySocket(SSLContext context) throws Exception {
        HttpsURLConnection c = (HttpsURLConnection) new URL(BASE + PATH).openConnection();
        c.setSSLSocketFactory(context.getSocketFactory());
        c.setRequestProperty("content-type", "application/json");
        c.setRequestProperty("x-mock", MOCK);
        c.setDoOutput(true);
        c.getOutputStream().write(body().getBytes(StandardCharsets.UTF_8));
        return c.getResponseCode() + " " + new String(c.getInputStream().readAllBytes(), StandardCharsets.UTF_8).length();
    }

    public static void main(String[] args) throws Exception {
        SSLContext context = trusting(System.getenv("SSL_CERT_FILE"));
        HttpClient client = HttpClient.newBuilder().sslContext(context).build();
        int calls = Integer.parseInt(System.getenv().getOrDefault("CALLS", "1"));
        String go = System.getenv("GO");
        Thread.sleep(Long.parseLong(System.getenv().getOrDefault("WAIT", "0")));
        for (int i = 0; i < calls; i++) {
            long end = System.nanoTime() + 120_000_000_000L;
            while (i > 0 && go != null && !Files.exists(Path.of(go)) && System.nanoTime() < end)
                Thread.sleep(20);
            System.out.println(args[0].equals("engine") ? byEngine(client) : bySocket(context));
        }
    }
}
