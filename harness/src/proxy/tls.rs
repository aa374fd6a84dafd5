//! TLS on the listener, and what a client certificate says.

use std::{fmt::Write as _, net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use x509_parser::{extensions::GeneralName, prelude::FromDer, prelude::X509Certificate};

use super::config::TlsConfig;
use crate::vm::{ConnectionFacts, Peer};

/// Accepts TLS connections.
pub(crate) struct Acceptor {
    acceptor: TlsAcceptor,
    local_uri: Option<String>,
}

/// An accepted connection.
pub(crate) struct Accepted {
    stream: TlsStream<TcpStream>,
    local_uri: Option<String>,
}

impl Acceptor {
    pub(crate) fn new(config: &TlsConfig) -> anyhow::Result<Acceptor> {
        let chain = certificates(&config.certificate).context("the listener's certificate")?;
        let key =
            PrivateKeyDer::from_pem_slice(config.key.as_bytes()).context("the listener's key")?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?;
        let builder = match &config.client_ca {
            None => builder.with_no_client_auth(),
            Some(authorities) => {
                let mut roots = RootCertStore::empty();
                for authority in
                    certificates(authorities).context("the authorities of client certificates")?
                {
                    roots.add(authority)?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = if config.require_client_certificate {
                    verifier
                } else {
                    verifier.allow_unauthenticated()
                };
                builder.with_client_cert_verifier(verifier.build()?)
            }
        };
        let local_uri = chain
            .first()
            .and_then(|certificate| peer(certificate))
            .and_then(|own| own.uris.into_iter().next());
        let mut server = builder.with_single_cert(chain, key)?;
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Acceptor {
            acceptor: TlsAcceptor::from(Arc::new(server)),
            local_uri,
        })
    }

    pub(crate) async fn accept(&self, socket: TcpStream) -> std::io::Result<Accepted> {
        Ok(Accepted {
            stream: self.acceptor.accept(socket).await?,
            local_uri: self.local_uri.clone(),
        })
    }
}

impl Accepted {
    pub(crate) fn http2(&self) -> bool {
        self.stream.get_ref().1.alpn_protocol() == Some(b"h2")
    }

    pub(crate) fn facts(
        &self,
        id: u64,
        source: SocketAddr,
        destination: SocketAddr,
    ) -> ConnectionFacts {
        let session = self.stream.get_ref().1;
        ConnectionFacts {
            id,
            source,
            destination,
            tls_version: Some(
                if session.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_2) {
                    "TLSv1.2"
                } else {
                    "TLSv1.3"
                },
            ),
            server_name: session.server_name().map(str::to_owned),
            peer: session
                .peer_certificates()
                .and_then(|chain| chain.first())
                .and_then(peer),
            local_uri: self.local_uri.clone(),
        }
    }

    pub(crate) fn into_stream(self) -> TlsStream<TcpStream> {
        self.stream
    }
}

fn certificates(pem: &str) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>()?;
    anyhow::ensure!(!chain.is_empty(), "no certificate in the PEM text");
    Ok(chain)
}

fn peer(der: &CertificateDer<'_>) -> Option<Peer> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let mut peer = Peer {
        subject: rfc2253(&certificate),
        ..Peer::default()
    };
    if let Ok(Some(names)) = certificate.subject_alternative_name() {
        for name in &names.value.general_names {
            match name {
                GeneralName::URI(uri) => peer.uris.push((*uri).to_owned()),
                GeneralName::DNSName(dns) => peer.dns.push((*dns).to_owned()),
                _ => {}
            }
        }
    }
    peer.sha256 = Sha256::digest(der)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    Some(peer)
}

/// The subject, most specific part first, as Envoy prints it.
fn rfc2253(certificate: &X509Certificate<'_>) -> String {
    let registry = x509_parser::objects::oid_registry();
    let mut parts: Vec<String> = certificate
        .subject()
        .iter_attributes()
        .filter_map(|attribute| {
            let name =
                x509_parser::objects::oid2abbrev(attribute.attr_type(), registry).unwrap_or("OID");
            Some(format!("{name}={}", escape(attribute.as_str().ok()?)))
        })
        .collect();
    parts.reverse();
    parts.join(",")
}

fn escape(value: &str) -> String {
    value.chars().fold(String::new(), |mut out, c| {
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            out.push('\\');
        }
        out.push(c);
        out
    })
}
