//! A certificate authority for one lab: made in memory, valid for one day, never reused.

use std::sync::Arc;

use anyhow::Context;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

/// Issues the certificates of one lab.
pub struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// Whom a certificate names. Every list may be empty or hold several names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The subject's common name; left out when empty.
    pub common_name: String,
    /// URI subject alternative names, in certificate order; a SPIFFE identity is one of these.
    pub uris: Vec<String>,
    /// DNS subject alternative names. An entry that reads as an IP address becomes an IP name.
    pub dns: Vec<String>,
}

/// A certificate with its private key, both PEM.
#[derive(Clone)]
pub struct Credentials {
    /// The certificate alone; the authority's certificate is not appended.
    pub certificate: String,
    /// The private key, PKCS#8.
    pub key: String,
}

impl Authority {
    /// Makes a new authority with a fresh P-256 key (about a millisecond).
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new() -> anyhow::Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "Veilgate lab");
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            certificate,
            issuer: Issuer::new(params, key),
        })
    }

    /// The authority's own certificate, PEM: what both sides are told to trust.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// Issues a certificate usable by a server and by a client.
    ///
    /// # Errors
    /// When a name is not ASCII, or the system gives no randomness.
    pub fn issue(&self, names: &Names) -> anyhow::Result<Credentials> {
        let mut params = CertificateParams::new(names.dns.clone())?;
        for uri in &names.uris {
            let uri = uri
                .as_str()
                .try_into()
                .with_context(|| format!("URI name `{uri}`"))?;
            params.subject_alt_names.push(SanType::URI(uri));
        }
        params.distinguished_name = rcgen::DistinguishedName::new();
        if !names.common_name.is_empty() {
            params
                .distinguished_name
                .push(DnType::CommonName, names.common_name.as_str());
        }
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Credentials {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    /// A certificate for a server on loopback: `localhost`, `127.0.0.1`.
    ///
    /// # Errors
    /// As [`Authority::issue`].
    pub fn issue_server(&self) -> anyhow::Result<Credentials> {
        self.issue(&Names {
            common_name: "localhost".to_owned(),
            uris: Vec::new(),
            dns: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
        })
    }

    /// Client settings that trust this authority alone and present `identity` when there is one.
    ///
    /// # Errors
    /// When `identity` is not a PEM certificate with its key.
    pub fn client_config(
        &self,
        identity: Option<&Credentials>,
        alpn: &[&[u8]],
    ) -> anyhow::Result<Arc<rustls::ClientConfig>> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.certificate.der().clone())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let (chain, key) = identity.parse()?;
                builder.with_client_auth_cert(chain, key)?
            }
        };
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        Ok(Arc::new(config))
    }
}

impl Names {
    /// A workload known by SPIFFE identities alone.
    pub fn spiffe(uris: &[&str]) -> Self {
        Self {
            uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
            ..Self::default()
        }
    }
}

impl Credentials {
    /// The chain and key in the form rustls takes.
    ///
    /// # Errors
    /// When either is not PEM.
    pub fn parse(&self) -> anyhow::Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
        let chain = CertificateDer::pem_slice_iter(self.certificate.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .context("reading the certificate")?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes())
            .context("reading the private key")?;
        Ok((chain, key))
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_uri_name_is_in_the_certificate_in_order() {
        let authority = Authority::new().unwrap();
        let issued = authority
            .issue(&Names::spiffe(&[
                "spiffe://one.test/a",
                "spiffe://one.test/b",
            ]))
            .unwrap();
        let (chain, _) = issued.parse().unwrap();
        let (_, parsed) = x509_parser::parse_x509_certificate(&chain[0]).unwrap();
        let names = parsed.subject_alternative_name().unwrap().unwrap();
        let uris: Vec<_> = names
            .value
            .general_names
            .iter()
            .filter_map(|name| match name {
                x509_parser::extensions::GeneralName::URI(uri) => Some(*uri),
                _ => None,
            })
            .collect();
        assert_eq!(uris, ["spiffe://one.test/a", "spiffe://one.test/b"]);
    }

    #[test]
    fn debug_output_holds_no_key() {
        let issued = Authority::new().unwrap().issue_server().unwrap();
        assert!(!format!("{issued:?}").contains("PRIVATE"));
    }
}
