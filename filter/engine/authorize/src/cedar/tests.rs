use super::*;

#[test]
fn the_base_set_is_valid() {
    let authorizer = Authorizer::new(&PolicyBundle::default()).unwrap_or_else(|error| panic!("{error}"));
    assert!(authorizer.policies() >= 4);
}
