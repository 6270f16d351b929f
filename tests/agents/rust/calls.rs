// SPDX-License-Identifier: Apache-2.0
// What the clients share: BASE, CALLS, STREAM and GO as fetch.mjs has them. MODEL; TLS=1.2: no newer;
// WAIT: milliseconds before the first call, since nothing else takes such a program any time.
use std::{env, fs, path::Path, thread::sleep, time::Duration};

pub fn var(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

pub fn certificates() -> Vec<u8> {
    fs::read(var("SSL_CERT_FILE")).expect("SSL_CERT_FILE")
}

/// Makes the calls; ends the process where one fails.
pub fn run(mut call: impl FnMut(&str, String) -> u16) {
    let url = var("BASE") + "/v1/chat/completions";
    let more = if var("STREAM").is_empty() { "" } else { r#","stream":true,"stream_options":{"include_usage":true}"# };
    let go = var("GO");
    let model = if var("MODEL").is_empty() { "rust-mock-1".to_string() } else { var("MODEL") };
    sleep(Duration::from_millis(var("WAIT").parse().unwrap_or(0)));

    for i in 0..var("CALLS").parse().unwrap_or(1) {
        for _ in 0..6000 {
            if i == 0 || go.is_empty() || Path::new(&go).exists() {
                break;
            }
            sleep(Duration::from_millis(20));
        }
        let body = format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hello"}}]{more}}}"#);
        let status = call(&url, body);
        assert_eq!(status, 200);
    }
}
