// SPDX-License-Identifier: Apache-2.0
// An LLM API served by rustls itself: server CERT KEY. Prints its port; a thread for each connection,
// which answers each request with the same completion, its number as id. THREADS=2: what one thread
// reads another one answers.
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::{atomic::AtomicU64, atomic::Ordering, Arc, Mutex};
use std::{env, fs::File, net::TcpListener, net::TcpStream, thread};

type Stream = StreamOwned<ServerConnection, TcpStream>;

static ANSWERS: AtomicU64 = AtomicU64::new(0);

fn config(cert: &str, key: &str) -> ServerConfig {
    let open = |path| BufReader::new(File::open(path).expect("file"));
    let certs = rustls_pemfile::certs(&mut open(cert)).expect("certificate");
    let key = rustls_pemfile::pkcs8_private_keys(&mut open(key)).expect("key").remove(0);
    ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(certs.into_iter().map(Into::into).collect(), rustls::pki_types::PrivatePkcs8KeyDer::from(key).into())
        .expect("certificate and key")
}

/// False at the connection's end.
fn read_request(stream: &mut BufReader<Stream>) -> bool {
    let mut len = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return false;
        }
        if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            len = n.trim().parse().expect("length");
        }
        if line == "\r\n" {
            return stream.read_exact(&mut vec![0; len]).is_ok();
        }
    }
}

fn answer(stream: &mut BufReader<Stream>) {
    let n = ANSWERS.fetch_add(1, Ordering::Relaxed);
    let body = format!(
        r#"{{"id":"served-{n}","object":"chat.completion","model":"served-1","choices":[{{"index":0,"finish_reason":"stop","message":{{"role":"assistant","content":"hi"}}}}],"usage":{{"prompt_tokens":{},"completion_tokens":{},"total_tokens":0}}}}"#,
        1000 + n,
        2000 + n
    );
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.get_mut().write_all((head + &body).as_bytes()).expect("answer");
}

fn serve(config: Arc<ServerConfig>, socket: TcpStream) {
    let stream = StreamOwned::new(ServerConnection::new(config).expect("connection"), socket);
    let stream = Arc::new(Mutex::new(BufReader::new(stream)));
    let other = env::var("THREADS").is_ok_and(|n| !n.is_empty());

    while read_request(&mut stream.lock().expect("stream")) {
        let copy = stream.clone();
        let run = move || answer(&mut copy.lock().expect("stream"));
        if other {
            thread::spawn(run).join().expect("thread");
        } else {
            run();
        }
    }
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let config = Arc::new(config(&arguments[1], &arguments[2]));
    let listener = TcpListener::bind("127.0.0.1:0").expect("port");

    println!("{}", listener.local_addr().expect("address").port());
    for socket in listener.incoming() {
        let config = config.clone();
        thread::spawn(move || serve(config, socket.expect("socket")));
    }
}
