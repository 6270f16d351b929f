// SPDX-License-Identifier: Apache-2.0
mod calls;

use rustls::{version, Certificate, ClientConfig, RootCertStore, ALL_VERSIONS};
use std::sync::Arc;

fn main() {
    let mut roots = RootCertStore::empty();
    for der in rustls_pemfile::certs(&mut calls::certificates().as_slice()).expect("certificates") {
        roots.add(&Certificate(der)).expect("root");
    }
    let old = [&version::TLS12];
    let versions = if calls::var("TLS") == "1.2" { &old[..] } else { ALL_VERSIONS };
    let config = ClientConfig::builder().with_safe_default_cipher_suites().with_safe_default_kx_groups()
        .with_protocol_versions(versions).expect("versions").with_root_certificates(roots).with_no_client_auth();
    let agent = ureq::AgentBuilder::new().tls_config(Arc::new(config)).build();
    calls::run(|url, body| {
        let request = agent.post(url).set("content-type", "application/json").set("x-mock", "cached=7,in=70,out=9");
        let answer = request.send_string(&body).expect("answer");
        let status = answer.status();
        answer.into_string().expect("body");
        status
    });
}
