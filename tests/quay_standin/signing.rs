//! The key with which Quay signs registry tokens, and its certificate, which a registry trusts.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

/// A key pair with its certificate.
struct Signer {
    key: EcdsaKeyPair,
    certificate: rcgen::Certificate,
}

/// The same for all stand-ins of this process.
fn signer() -> &'static Signer {
    static SIGNER: OnceLock<Signer> = OnceLock::new();
    SIGNER.get_or_init(|| {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["quay".to_owned()]).expect("a certificate");
        let key = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &signing_key.serialize_der(),
            &SystemRandom::new(),
        );
        Signer { key: key.expect("the key of the certificate"), certificate: cert }
    })
}

/// The certificate, as the `rootcertbundle` of a registry.
pub(super) fn certificate() -> String {
    signer().certificate.pem()
}

/// A signed JWT with these claims.
pub(super) fn sign(claims: &Value) -> String {
    let signer = signer();
    let header = json!({"typ": "JWT", "alg": "ES256", "x5c": [STANDARD.encode(signer.certificate.der())]});
    let signed = [&header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = signer.key.sign(&SystemRandom::new(), signed.as_bytes()).expect("a signature");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}
