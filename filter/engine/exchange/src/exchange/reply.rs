//! Local answers. They name the decision and the policies, never what a rule matched.

use serde_json::json;

use crate::{
    gate::Gate,
    step::{Direction, Reply},
};

/// gRPC's PERMISSION_DENIED.
const PERMISSION_DENIED: u8 = 7;
/// gRPC's INTERNAL.
const INTERNAL: u8 = 13;

/// The gate says no.
pub(crate) fn denied(decision_id: &str, gate: &Gate) -> Reply {
    let message = gate.message();
    let body = json!({
        "error": "denied",
        "message": message,
        "reason": gate.reason(),
        "decision_id": decision_id,
        "policies": gate.policies(),
        // The shape that Vault and OpenBao clients print.
        "errors": [format!("{message} (decision {decision_id})")],
    });
    reply(
        403,
        PERMISSION_DENIED,
        "veilgate_denied",
        decision_id,
        &body,
    )
}

/// WebSocket or CONNECT where they are not allowed.
pub(crate) fn refused_upgrade(decision_id: &str) -> Reply {
    let body = json!({
        "error": "refused",
        "message": "connections that cannot be inspected (WebSocket, CONNECT) are refused here",
        "decision_id": decision_id,
    });
    reply(
        403,
        PERMISSION_DENIED,
        "veilgate_upgrade_refused",
        decision_id,
        &body,
    )
}

/// A message that must not go on.
pub(crate) fn withheld(decision_id: &str, direction: Direction, reason: &'static str) -> Reply {
    let (status, details) = match direction {
        Direction::Request => (422, "veilgate_request_withheld"),
        Direction::Response => (502, "veilgate_response_withheld"),
    };
    let body = json!({
        "error": "withheld",
        "message": format!("the {} could not be inspected or must not be seen", direction.name()),
        "reason": reason,
        "decision_id": decision_id,
    });
    reply(status, INTERNAL, details, decision_id, &body)
}

fn reply(
    status: u16,
    grpc_status: u8,
    details: &'static str,
    decision_id: &str,
    body: &serde_json::Value,
) -> Reply {
    Reply {
        status,
        headers: vec![
            (b"content-type".to_vec(), b"application/json".to_vec()),
            (b"cache-control".to_vec(), b"no-store".to_vec()),
            (
                b"x-veilgate-decision-id".to_vec(),
                decision_id.as_bytes().to_vec(),
            ),
        ],
        body: body.to_string().into_bytes(),
        details,
        grpc_status,
    }
}
