//! Asks every request under `policies/examples` and compares the verdict with what its folder and its `because` say.
#![expect(
    clippy::disallowed_methods,
    reason = "a test reads the examples from disk"
)]
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where an example is wrong"
)]

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use veilgate_authorize::{
    ApiClient, Authorizer, Call, Credential, Direction, Facts, Head, Identities, Identity,
    IdentityConfig, Place, PolicyBundle, Question, ServiceConfig, Services, Subject, Texts, User,
    Verdict, identify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    workload: Option<String>,
    user: Option<ExampleUser>,
    api_client: Option<String>,
    request: String,
    #[serde(default = "default_host")]
    host: String,
    #[serde(default)]
    plaintext: bool,
    field: Option<String>,
    credential: Option<ExampleCredential>,
    because: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleUser {
    issuer: String,
    subject: String,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    mfa: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleCredential {
    kind: String,
    #[serde(default)]
    category: String,
    #[serde(default = "default_place")]
    place: String,
}

#[test]
fn every_example_is_decided_as_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../policies/examples");
    let cases: Vec<PathBuf> = entries(&root)
        .into_iter()
        .filter(|path| path.is_dir())
        .collect();
    assert!(
        cases.len() >= 3,
        "the examples are where they are expected: {}",
        root.display()
    );
    let mut wrong = Vec::new();
    for case in cases {
        let (services, authorizer) = (services(&case), authorizer(&case));
        for (folder, allowed) in [("allow", true), ("deny", false)] {
            let examples = entries(&case.join(folder));
            assert!(
                !examples.is_empty(),
                "{} has requests to {folder}",
                case.display()
            );
            for path in examples {
                let example: Example = read(&path);
                let verdict = decide(&authorizer, &services, &example);
                if verdict.allowed != allowed
                    || verdict.policies != example.because
                    || !verdict.errors.is_empty()
                {
                    wrong.push(format!("{}: {verdict:?}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn decide(authorizer: &Authorizer, services: &Services, example: &Example) -> Verdict {
    let (method, path) = example.request.split_once(' ').expect("method and path");
    let head = Head {
        method: method.as_bytes(),
        authority: example.host.as_bytes(),
        path: path.as_bytes(),
        headers: &[],
    };
    let facts = Facts {
        tls: !example.plaintext,
        mtls: example.workload.is_some(),
        uri_san: example.workload.as_ref().map(|id| id.as_bytes().to_vec()),
        now_ms: 1_795_077_000_000,
        ..Facts::default()
    };
    let call = services
        .guarding(&head, &facts)
        .map(|service| services.classify(service, &head).expect(&example.request));
    let identities = identities(example, &head, &facts);
    let subject = subject(example, call.as_ref());
    authorizer.decide(&Question {
        identities: &identities,
        subject,
        head: &head,
        facts: &facts,
    })
}

/// The workload goes the way of a real certificate; tokens and keys are taken as verified.
fn identities(example: &Example, head: &Head<'_>, facts: &Facts) -> Identities {
    let mut found: Vec<Identity> = Vec::new();
    if example.workload.is_some() {
        found.extend(
            identify(&IdentityConfig::default(), head, facts)
                .iter()
                .cloned(),
        );
    }
    found.extend(example.user.as_ref().map(|user| {
        Identity::User(User {
            issuer: user.issuer.clone(),
            subject: user.subject.clone(),
            audiences: Vec::new(),
            scopes: Vec::new(),
            groups: user.groups.clone(),
            mfa: user.mfa,
            expires_at: None,
            authenticated_at: None,
        })
    }));
    found.extend(
        example
            .api_client
            .as_ref()
            .map(|id| Identity::ApiClient(ApiClient { id: id.clone() })),
    );
    Identities::new(found)
}

fn subject<'a>(example: &'a Example, call: Option<&'a Call>) -> Subject<'a> {
    match (&example.field, &example.credential) {
        (Some(pointer), None) => Subject::Field {
            call: call.expect("a field belongs to a guarded service"),
            pointer,
        },
        (None, Some(credential)) => Subject::Credential(Credential {
            kind: &credential.kind,
            category: &credential.category,
            confidence: "high",
            direction: Direction::Response,
            place: place(&credential.place),
            carrier: "",
            call,
        }),
        (None, None) => {
            Subject::Call(call.expect("only calls of a guarded service are asked about"))
        }
        (Some(_), Some(_)) => panic!("an example asks for a field or for a credential"),
    }
}

fn place(name: &str) -> Place {
    [
        Place::Header,
        Place::Path,
        Place::Query,
        Place::Body,
        Place::Trailer,
    ]
    .into_iter()
    .find(|place| place.as_str() == name)
    .expect(name)
}

fn services(case: &Path) -> Services {
    let config: Vec<ServiceConfig> = read(&case.join("services.json"));
    Services::new(&config).unwrap_or_else(|error| panic!("{}: {error}", case.display()))
}

fn authorizer(case: &Path) -> Authorizer {
    let bundle = PolicyBundle {
        cedar: Texts(vec![
            fs::read_to_string(case.join("policies.cedar")).expect("policies.cedar"),
        ]),
        entities: read(&case.join("entities.json")),
        base: true,
    };
    Authorizer::new(&bundle).unwrap_or_else(|error| panic!("{}: {error}", case.display()))
}

fn read<T: DeserializeOwned>(path: &Path) -> T {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listing =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = listing
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
}

fn default_host() -> String {
    "bao.internal".to_owned()
}

fn default_place() -> String {
    "body".to_owned()
}
