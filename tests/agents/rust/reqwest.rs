// SPDX-License-Identifier: Apache-2.0
mod calls;

use reqwest::{blocking::Client, tls, Certificate};

fn main() {
    let mut builder = Client::builder().add_root_certificate(Certificate::from_pem(&calls::certificates()).expect("certificate"));
    if calls::var("TLS") == "1.2" {
        builder = builder.max_tls_version(tls::Version::TLS_1_2);
    }
    let client = builder.build().expect("client");
    calls::run(|url, body| {
        let request = client.post(url).header("content-type", "application/json").header("x-mock", "cached=7,in=70,out=9");
        let answer = request.body(body).send().expect("answer");
        let status = answer.status().as_u16();
        answer.bytes().expect("body");
        status
    });
}
