// SPDX-License-Identifier: Apache-2.0

//! LLM calls by reqwest over rustls: client BASE SPEC
//!
//! SPEC is JSON: {"api", "stream", "mock", "model", "repeat", "parallel", "bytes", "h2",
//! "tls12", "go": FILE, "before": S}: one call, made `repeat` times by each of `parallel`
//! tasks, once FILE is there. The CA is in the file SSL_CERT_FILE.

use serde_json::{json, Value};
use std::time::{Duration, Instant};

fn text(spec: &Value, key: &str, default: &str) -> String {
    spec[key].as_str().unwrap_or(default).to_string()
}

fn body(spec: &Value) -> Value {
    let text_ = format!("hello {}", "z".repeat(spec["bytes"].as_u64().unwrap_or(0) as usize));
    let api = text(spec, "api", "chat");
    let mut b = json!({"model": text(spec, "model", "rust-mock-1")});
    if spec["stream"].as_bool().unwrap_or(false) {
        b["stream"] = json!(true);
        if api == "chat" {
            b["stream_options"] = json!({"include_usage": true});
        }
    }
    if api == "responses" || api == "embeddings" {
        b["input"] = json!(text_);
    } else {
        b["messages"] = json!([{"role": "user", "content": text_}]);
    }
    if api == "messages" {
        b["max_tokens"] = json!(10);
    }
    b
}

async fn call(client: &reqwest::Client, base: &str, spec: &Value) -> Result<(), String> {
    let path = match text(spec, "api", "chat").as_str() {
        "chat" => "/v1/chat/completions",
        "responses" => "/v1/responses",
        "embeddings" => "/v1/embeddings",
        _ => "/v1/messages",
    };
    let key = std::env::var("OPENAI_API_KEY").unwrap_or_default();
    let response = client
        .post(format!("{base}{path}"))
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {key}"))
        .header("x-mock", text(spec, "mock", ""))
        .body(body(spec).to_string())
        .send()
        .await
        .map_err(|e| format!("{e:?}"))?;
    if spec["h2"].as_bool().unwrap_or(false) && response.version() != reqwest::Version::HTTP_2 {
        return Err(format!("not HTTP/2 but {:?}", response.version()));
    }
    response.bytes().await.map_err(|e| format!("{e:?}"))?;
    Ok(())
}

fn client(spec: &Value) -> reqwest::Client {
    let pem = std::fs::read(std::env::var("SSL_CERT_FILE").expect("SSL_CERT_FILE")).unwrap();
    let mut builder = reqwest::Client::builder()
        .use_rustls_tls()
        .add_root_certificate(reqwest::Certificate::from_pem(&pem).unwrap());
    if !spec["h2"].as_bool().unwrap_or(false) {
        builder = builder.http1_only();
    }
    if spec["tls12"].as_bool().unwrap_or(false) {
        builder = builder.max_tls_version(reqwest::tls::Version::TLS_1_2);
    }
    builder.build().unwrap()
}

#[tokio::main]
async fn main() {
    #[cfg(feature = "aws-lc")]
    rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap();
    #[cfg(all(feature = "ring", not(feature = "aws-lc")))]
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let args: Vec<String> = std::env::args().collect();
    let spec: Value = serde_json::from_str(&args[2]).unwrap();
    let go = text(&spec, "go", "");
    let end = Instant::now() + Duration::from_secs(120);
    while !go.is_empty() && !std::path::Path::new(&go).exists() && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_secs_f64(spec["before"].as_f64().unwrap_or(0.0))).await;
    let client = client(&spec);
    let mut tasks = Vec::new();
    for _ in 0..spec["parallel"].as_u64().unwrap_or(1) {
        let (client, base, spec) = (client.clone(), args[1].clone(), spec.clone());
        tasks.push(tokio::spawn(async move {
            for _ in 0..spec["repeat"].as_u64().unwrap_or(1) {
                call(&client, &base, &spec).await?;
            }
            Ok::<(), String>(())
        }));
    }
    let mut failures = Vec::new();
    for task in tasks {
        if let Err(e) = task.await.unwrap() {
            failures.push(e);
        }
    }
    println!("{}", json!({"pid": std::process::id(), "failures": failures}));
    if !failures.is_empty() {
        eprintln!("{failures:?}");
        std::process::exit(1);
    }
}
