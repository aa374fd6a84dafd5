//! The operators of a format, such as `%REQ(X-ID?X-TRACE):16%`.

use super::{flag, time::timestamp};
use crate::vm::{Headers, StreamState};

/// One operator.
#[derive(Clone, Debug)]
pub(super) enum Operator {
    Header {
        of: Of,
        name: String,
        fallback: Option<String>,
        limit: Option<usize>,
    },
    FilterState {
        key: String,
        limit: Option<usize>,
    },
    Field(Field),
    /// An operator this proxy does not have reads as absent.
    Unknown,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    Request,
    Response,
    Trailer,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Field {
    Protocol,
    ResponseCode,
    Details,
    Flags,
    BytesSent,
    BytesReceived,
    StartTime,
    Duration,
    RouteName,
    UpstreamCluster,
    UpstreamHost,
    PeerUri,
    PeerSubject,
    RemoteAddress,
    RemoteAddressWithoutPort,
}

/// What an operator read. JSON keeps numbers apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Bytes, as a header may hold any.
    Text(Vec<u8>),
    Number(u64),
}

impl Operator {
    /// The operator written between two percent signs.
    pub(super) fn parse(text: &str) -> Operator {
        let (body, limit) = match text.rsplit_once(':') {
            Some((body, digits))
                if digits.bytes().all(|b| b.is_ascii_digit()) && body.ends_with(')') =>
            {
                (body, digits.parse().ok())
            }
            _ => (text, None),
        };
        let Some((name, argument)) = body.split_once('(') else {
            return Field::named(body).map_or(Operator::Unknown, Operator::Field);
        };
        let argument = argument.strip_suffix(')').unwrap_or(argument);
        let header = |of| {
            let (name, fallback) = argument
                .split_once('?')
                .map_or((argument, None), |(name, fallback)| (name, Some(fallback)));
            Operator::Header {
                of,
                name: name.to_ascii_lowercase(),
                fallback: fallback.map(str::to_ascii_lowercase),
                limit,
            }
        };
        match (name, argument.split_once(':')) {
            ("REQ", _) => header(Of::Request),
            ("RESP", _) => header(Of::Response),
            ("TRAILER", _) => header(Of::Trailer),
            ("FILTER_STATE", Some((key, "PLAIN"))) => Operator::FilterState {
                key: key.to_owned(),
                limit,
            },
            _ => Operator::Unknown,
        }
    }

    /// Its value for an exchange that is over, `None` when there is none.
    pub(super) fn read(&self, stream: &StreamState) -> Option<Reading> {
        match self {
            Operator::Header {
                of,
                name,
                fallback,
                limit,
            } => {
                let map = match of {
                    Of::Request => stream.request.headers.as_ref(),
                    Of::Response => stream.response.headers.as_ref(),
                    Of::Trailer => stream.response.trailers.as_ref(),
                }?;
                header(map, name)
                    .or_else(|| fallback.as_ref().and_then(|name| header(map, name)))
                    .map(|value| cut(value, *limit))
            }
            Operator::FilterState { key, limit } => stream
                .filter_state
                .get(key.strip_prefix("wasm.")?.as_bytes())
                .map(|value| cut(value, *limit)),
            Operator::Field(field) => field.read(stream),
            Operator::Unknown => None,
        }
    }
}

impl Field {
    fn named(name: &str) -> Option<Field> {
        Some(match name {
            "PROTOCOL" => Field::Protocol,
            "RESPONSE_CODE" => Field::ResponseCode,
            "RESPONSE_CODE_DETAILS" => Field::Details,
            "RESPONSE_FLAGS" => Field::Flags,
            "BYTES_SENT" => Field::BytesSent,
            "BYTES_RECEIVED" => Field::BytesReceived,
            "START_TIME" => Field::StartTime,
            "DURATION" => Field::Duration,
            "ROUTE_NAME" => Field::RouteName,
            "UPSTREAM_CLUSTER" => Field::UpstreamCluster,
            "UPSTREAM_HOST" => Field::UpstreamHost,
            "DOWNSTREAM_PEER_URI_SAN" => Field::PeerUri,
            "DOWNSTREAM_PEER_SUBJECT" => Field::PeerSubject,
            "DOWNSTREAM_REMOTE_ADDRESS" => Field::RemoteAddress,
            "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT" => Field::RemoteAddressWithoutPort,
            _ => return None,
        })
    }

    fn read(self, stream: &StreamState) -> Option<Reading> {
        let properties = &stream.properties;
        let peer = properties.connection.peer.as_ref();
        let text = match self {
            Field::ResponseCode => {
                return Some(Reading::Number(
                    properties.response_code.unwrap_or(0).into(),
                ));
            }
            Field::BytesSent => return Some(Reading::Number(properties.response_bytes)),
            Field::BytesReceived => return Some(Reading::Number(properties.request_bytes)),
            Field::Duration => {
                let duration = properties.duration?.as_millis();
                return Some(Reading::Number(u64::try_from(duration).unwrap_or(u64::MAX)));
            }
            // Flags are the one value that says "-" by itself: JSON holds the dash, not null.
            Field::Flags => flag::names(properties.response_flags).unwrap_or_else(|| "-".into()),
            Field::Protocol => properties.protocol.into(),
            Field::Details => properties.response_code_details.clone()?,
            Field::StartTime => timestamp(properties.started),
            Field::RouteName => properties
                .route
                .as_ref()
                .map(|route| route.route.clone())
                .filter(|name| !name.is_empty())?,
            Field::UpstreamCluster => properties.route.as_ref()?.cluster.clone(),
            Field::UpstreamHost => properties.upstream?.to_string(),
            Field::PeerUri => peer.filter(|peer| !peer.uris.is_empty())?.uris.join(","),
            Field::PeerSubject => peer?.subject.clone(),
            Field::RemoteAddress => properties.source.to_string(),
            Field::RemoteAddressWithoutPort => properties.source.ip().to_string(),
        };
        Some(Reading::Text(text.into_bytes()))
    }
}

fn header<'h>(map: &'h Headers, name: &str) -> Option<&'h [u8]> {
    map.get(name.as_bytes()).map(AsRef::as_ref)
}

/// Limits count bytes, also within a character.
fn cut(value: &[u8], limit: Option<usize>) -> Reading {
    let end = limit.unwrap_or(usize::MAX).min(value.len());
    Reading::Text(value.get(..end).unwrap_or(value).to_owned())
}
