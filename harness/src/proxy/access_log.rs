//! Access log lines in Envoy's format language.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::vm::{Headers, StreamState};

/// A compiled format.
#[derive(Clone, Debug)]
pub(crate) struct Format(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
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
enum Of {
    Request,
    Response,
    Trailer,
}

#[derive(Clone, Copy, Debug)]
enum Field {
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
}

impl Format {
    /// Compiles a format. Text is kept, an operator that is never closed too.
    pub(crate) fn new(format: &str) -> Format {
        let mut parts = Vec::new();
        let mut rest = format;
        while let Some((text, after)) = rest.split_once('%') {
            parts.push(Part::Text(text.to_owned()));
            let Some((operator, after)) = after.split_once('%') else {
                parts.push(Part::Text(format!("%{after}")));
                rest = "";
                break;
            };
            parts.push(if operator.is_empty() {
                Part::Text("%".into())
            } else {
                operator_part(operator)
            });
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Format(parts)
    }

    /// The line for an exchange that is over.
    pub(crate) fn line(&self, stream: &StreamState) -> String {
        self.0
            .iter()
            .map(|part| part.render(stream).unwrap_or_else(|| "-".into()))
            .collect()
    }
}

impl Part {
    fn render(&self, stream: &StreamState) -> Option<String> {
        match self {
            Part::Text(text) => Some(text.clone()),
            Part::Header {
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
            Part::FilterState { key, limit } => {
                let value = stream
                    .filter_state
                    .get(key.strip_prefix("wasm.")?.as_bytes())?;
                Some(cut(String::from_utf8_lossy(value).into_owned(), *limit))
            }
            Part::Field(field) => field.render(stream),
            Part::Unknown => None,
        }
    }
}

impl Field {
    fn render(self, stream: &StreamState) -> Option<String> {
        let properties = &stream.properties;
        let peer = properties.connection.peer.as_ref();
        match self {
            Field::Protocol => Some(properties.protocol.into()),
            Field::ResponseCode => Some(properties.response_code.unwrap_or(0).to_string()),
            Field::Details => properties.response_code_details.clone(),
            Field::Flags => flags(properties.response_flags),
            Field::BytesSent => Some(properties.response_bytes.to_string()),
            Field::BytesReceived => Some(properties.request_bytes.to_string()),
            Field::StartTime => Some(timestamp(properties.started)),
            Field::Duration => properties
                .duration
                .map(|duration| duration.as_millis().to_string()),
            Field::RouteName => properties
                .route
                .as_ref()
                .map(|route| route.route.clone())
                .filter(|name| !name.is_empty()),
            Field::UpstreamCluster => properties.route.as_ref().map(|route| route.cluster.clone()),
            Field::UpstreamHost => properties.upstream.map(|address| address.to_string()),
            Field::PeerUri => peer
                .filter(|peer| !peer.uris.is_empty())
                .map(|peer| peer.uris.join(",")),
            Field::PeerSubject => peer.map(|peer| peer.subject.clone()),
            Field::RemoteAddress => Some(properties.source.to_string()),
        }
    }
}

fn operator_part(operator: &str) -> Part {
    let (body, limit) = match operator.rsplit_once(':') {
        Some((body, digits))
            if digits.bytes().all(|b| b.is_ascii_digit()) && body.ends_with(')') =>
        {
            (body, digits.parse().ok())
        }
        _ => (operator, None),
    };
    let (name, argument) = match body.split_once('(') {
        Some((name, argument)) => (name, argument.strip_suffix(')').unwrap_or(argument)),
        None => (body, ""),
    };
    let header = |of| {
        let (name, fallback) = argument
            .split_once('?')
            .map_or((argument, None), |(name, fallback)| (name, Some(fallback)));
        Part::Header {
            of,
            name: name.to_ascii_lowercase(),
            fallback: fallback.map(str::to_ascii_lowercase),
            limit,
        }
    };
    match name {
        "REQ" => header(Of::Request),
        "RESP" => header(Of::Response),
        "TRAILER" => header(Of::Trailer),
        "FILTER_STATE" => match argument.split_once(':') {
            Some((key, "PLAIN")) => Part::FilterState {
                key: key.to_owned(),
                limit,
            },
            _ => Part::Unknown,
        },
        "PROTOCOL" => Part::Field(Field::Protocol),
        "RESPONSE_CODE" => Part::Field(Field::ResponseCode),
        "RESPONSE_CODE_DETAILS" => Part::Field(Field::Details),
        "RESPONSE_FLAGS" => Part::Field(Field::Flags),
        "BYTES_SENT" => Part::Field(Field::BytesSent),
        "BYTES_RECEIVED" => Part::Field(Field::BytesReceived),
        "START_TIME" => Part::Field(Field::StartTime),
        "DURATION" => Part::Field(Field::Duration),
        "ROUTE_NAME" => Part::Field(Field::RouteName),
        "UPSTREAM_CLUSTER" => Part::Field(Field::UpstreamCluster),
        "UPSTREAM_HOST" => Part::Field(Field::UpstreamHost),
        "DOWNSTREAM_PEER_URI_SAN" => Part::Field(Field::PeerUri),
        "DOWNSTREAM_PEER_SUBJECT" => Part::Field(Field::PeerSubject),
        "DOWNSTREAM_REMOTE_ADDRESS" => Part::Field(Field::RemoteAddress),
        _ => Part::Unknown,
    }
}

fn header(map: &Headers, name: &str) -> Option<String> {
    map.get(name.as_bytes())
        .map(|value| String::from_utf8_lossy(value).into_owned())
}

fn cut(value: String, limit: Option<usize>) -> String {
    match limit {
        Some(limit) => value.chars().take(limit).collect(),
        None => value,
    }
}

/// Response flags, by bit.
pub(crate) mod flag {
    pub(crate) const UPSTREAM_TIMEOUT: u64 = 0x4;
    pub(crate) const UPSTREAM_RESET: u64 = 0x10;
    pub(crate) const UPSTREAM_CONNECT_FAILURE: u64 = 0x20;
    pub(crate) const UPSTREAM_TERMINATED: u64 = 0x40;
    pub(crate) const NO_ROUTE: u64 = 0x100;
    pub(crate) const DOWNSTREAM_TERMINATED: u64 = 0x4000;
    pub(crate) const DOWNSTREAM_PROTOCOL: u64 = 0x4_0000;
    pub(crate) const UPSTREAM_PROTOCOL: u64 = 0x80_0000;
}

fn flags(bits: u64) -> Option<String> {
    let names = [
        (flag::UPSTREAM_TIMEOUT, "UT"),
        (flag::UPSTREAM_RESET, "UR"),
        (flag::UPSTREAM_CONNECT_FAILURE, "UF"),
        (flag::UPSTREAM_TERMINATED, "UC"),
        (flag::NO_ROUTE, "NR"),
        (flag::DOWNSTREAM_TERMINATED, "DC"),
        (flag::DOWNSTREAM_PROTOCOL, "DPE"),
        (flag::UPSTREAM_PROTOCOL, "UPE"),
    ];
    let set: Vec<&str> = names
        .iter()
        .filter(|(bit, _)| bits & bit != 0)
        .map(|(_, name)| *name)
        .collect();
    (!set.is_empty()).then(|| set.join(","))
}

/// `2026-01-31T12:00:00.000Z`.
fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        since.subsec_millis()
    )
}

/// Year, month and day of a day counted from 1970-01-01, by the 400-year cycle of the Gregorian calendar.
pub(crate) fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_are_written_as_envoy_writes_them() {
        assert_eq!(
            timestamp(UNIX_EPOCH + Duration::from_millis(951_782_400_007)),
            "2000-02-29T00:00:00.007Z"
        );
        assert_eq!(
            timestamp(UNIX_EPOCH + Duration::from_secs(1_798_761_599)),
            "2026-12-31T23:59:59.000Z"
        );
    }

    #[test]
    fn operators_read_headers_filter_state_and_fields() {
        let mut stream = crate::proxy::tests::stream_state();
        stream.request.headers = Some(
            [(&b":path"[..], &b"/long/path"[..]), (b"x-b", b"two")]
                .into_iter()
                .collect(),
        );
        stream
            .filter_state
            .insert(b"p.path".to_vec(), b"/masked".to_vec());
        stream.properties.response_code = Some(403);
        let line = |format: &str| Format::new(format).line(&stream);
        assert_eq!(
            line("a %REQ(:PATH):5% %REQ(X-A?X-B)% %REQ(x-none)% b"),
            "a /long two - b"
        );
        assert_eq!(
            line("%FILTER_STATE(wasm.p.path:PLAIN)% %FILTER_STATE(wasm.other:PLAIN)%"),
            "/masked -"
        );
        assert_eq!(
            line("%RESPONSE_CODE% %RESPONSE_FLAGS% 100%% %NOT_KNOWN%"),
            "403 - 100% -"
        );
    }
}
