//! Paths, methods, fields and pages: what is sent and what comes back.

use std::fs;

use serde_json::json;

use super::{json, logged_in};
use crate::world::World;

/// A world with that many repositories, of which a page has two.
fn world_with_repositories(count: usize) -> World {
    let (world, _) = logged_in("repo:read");
    world.quay.world().page_size = 2;
    for number in 0..count {
        world.quay.add_repository(&format!("acme/app{number}"));
    }
    world
}

#[test]
fn the_guides_example_lists_an_organizations_repositories() {
    let world = world_with_repositories(1);
    let expected = "{\"repositories\": [{\"namespace\": \"acme\", \"name\": \"app0\", \"description\": null, \
                    \"is_public\": false, \"kind\": \"image\", \"state\": \"NORMAL\", \"is_starred\": false}]}\n";
    for path in ["repository", "/repository", "/api/v1/repository"] {
        world.run(["api", &format!("{path}?namespace=acme&public=false")]).stdout(expected).succeeds();
    }
    // Fields of a GET go into the query.
    world
        .run(["api", "-X", "get", "repository", "-f", "namespace=acme", "-F", "public=false"])
        .stdout(expected)
        .succeeds();
    let last = world.quay.requests().pop().unwrap();
    assert_eq!((last.method.as_str(), last.query.as_str()), ("GET", "public=false&namespace=acme"));
    assert_eq!(last.user_agent.as_deref(), Some(concat!("quay-auth/", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn the_guides_example_gives_a_permission() {
    let (world, _) = logged_in("repo:admin");
    world.quay.add_repository("acme/app");
    let permission = "repository/acme/app/permissions/user/bob";
    let given = json(&world, &["-X", "PUT", permission, "-F", "role=read"]);
    assert_eq!((&given["role"], &given["name"]), (&json!("read"), &json!("bob")));
    world.run(["api", permission]).stdout("{\"role\": \"read\"}\n").succeeds();
}

#[test]
fn a_repository_is_made_described_and_deleted() {
    let (world, _) = logged_in("repo:create,repo:admin");
    let fields = ["namespace=acme", "repository=app", "visibility=private", "description=Hello, world"];
    let mut arguments = vec!["repository"];
    arguments.extend(fields.iter().flat_map(|field| ["-f", field]));
    assert_eq!(json(&world, &arguments), json!({"namespace": "acme", "name": "app", "kind": "image"}));
    assert_eq!(json(&world, &["repository/acme/app"])["description"], "Hello, world");
    // The body as a file, and by stdin.
    fs::write(world.home().join("body.json"), "{\"description\": \"from a file\"}").unwrap();
    world.run(["api", "-X", "PUT", "repository/acme/app", "--input", "body.json"]).prints("success").succeeds();
    assert_eq!(json(&world, &["repository/acme/app"])["description"], "from a file");
    world
        .run(["api", "-X", "PUT", "repository/acme/app", "--input", "-"])
        .stdin("{\"description\": \"from stdin\"}")
        .prints("success")
        .succeeds();
    assert_eq!(json(&world, &["repository/acme/app"])["description"], "from stdin");
    // 204 has no body, and nothing is printed.
    world.run(["api", "-X", "delete", "repository/acme/app"]).succeeds();
    world.run(["api", "repository/acme/app"]).stderr("with 404").fails(1);
}

#[test]
fn a_field_is_json_where_it_is_and_text_where_it_is_not_or_is_meant_so() {
    let (world, _) = logged_in("repo:read");
    let sent = |arguments: &[&str]| {
        world.run([&["api", "-v", "-X", "POST", "echo"], arguments].concat()).prints("").stderr("POST http").fails(1);
        let body = world.quay.world().last_body.clone();
        serde_json::from_slice::<serde_json::Value>(&body).unwrap()
    };
    let fields =
        ["-F", "a=1", "-F", "b=true", "-F", "c=[1,\"x\"]", "-F", "d=read", "-F", "e=null", "-f", "f=1", "-f", "g="];
    assert_eq!(sent(&fields), json!({"a": 1, "b": true, "c": [1, "x"], "d": "read", "e": null, "f": "1", "g": ""}));
    assert_eq!(sent(&["-f", "key=a=b"]), json!({"key": "a=b"}));
}

#[test]
fn all_pages_become_one_document() {
    let world = world_with_repositories(5);
    let path = "repository?namespace=acme";
    assert_eq!(json(&world, &[path])["repositories"].as_array().unwrap().len(), 2);
    let before = world.quay.requests().len();
    let whole = json(&world, &["--paginate", path]);
    let names: Vec<_> =
        whole["repositories"].as_array().unwrap().iter().map(|repository| &repository["name"]).collect();
    assert_eq!(names, ["app0", "app1", "app2", "app3", "app4"]);
    assert_eq!(whole.as_object().unwrap().len(), 1, "no next_page is left: {whole}");
    assert_eq!(world.quay.requests().len() - before, 3);
}

#[test]
fn tags_are_paged_in_their_own_way() {
    let world = world_with_repositories(1);
    world.quay.world().repositories[0].tags = (0..7).map(|number| format!("v{number}")).collect();
    let whole = json(&world, &["--paginate", "repository/acme/app0/tag/?limit=3"]);
    assert_eq!(whole["tags"].as_array().unwrap().len(), 7);
    assert_eq!((&whole["page"], &whole["has_additional"]), (&json!(3), &json!(false)));
}

#[test]
fn a_missing_slash_is_mended_by_the_servers_own_redirect() {
    let (world, _) = logged_in("user:read");
    assert_eq!(json(&world, &["user"])["username"], "alice");
    // Not for what changes something.
    world
        .run(["api", "-X", "PUT", "user", "-f", "a=b"])
        .stderr("wants this request at /api/v1/user/")
        .stderr("hint: if that is right, name it so: /api/v1/user/")
        .fails(7);
}

#[test]
fn status_and_headers_come_first_where_they_are_asked_for() {
    let (world, _) = logged_in("user:read");
    let printed = world.run(["api", "-i", "user/"]).prints("HTTP/1.1 200 OK\n").succeeds().stdout;
    let (head, body) = printed.split_once("\n\n").unwrap();
    assert!(head.contains("\ncontent-type: application/json"), "{head}");
    assert!(body.starts_with("{\"anonymous\": false"), "{body}");
    // A refusal too, with its body.
    let refused = world.run(["api", "-i", "app/nobody"]).prints("HTTP/1.1 404 Not Found\n").stderr("with 404").fails(1);
    assert!(refused.stdout.contains("\"error_type\": \"not_found\""), "{refused}");
}

#[test]
fn own_headers_go_along_and_ours_are_ours() {
    let (world, _) = logged_in("repo:admin");
    world.quay.add_repository("acme/app");
    world
        .run(["api", "-X", "PUT", "repository/acme/app", "-f", "description=x", "-H", "Content-Type: text/plain"])
        .stderr("with 415")
        .stderr("the request Content-Type was not 'application/json'")
        .fails(1);
    for header in ["Authorization: Bearer x", "host: evil.example", "Cookie: a=b", "content-length: 1"] {
        world.run(["api", "user/", "-H", header]).stderr("quay-auth sets this header by itself").fails(2);
    }
    for header in ["x", ": y", "a b: c", "A: b\nC: d", "É: x"] {
        world.run(["api", "user/", "-H", header]).stderr("write it as 'Name: value'").fails(2);
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_asked() {
    let (world, _) = logged_in("repo:read");
    let before = world.quay.requests().len();
    for (arguments, words) in [
        (&["https://quay.io/api/v1/user/"][..], "did you mean `user/`?"),
        (&["../oauth/authorize?response_type=token"], "leads out of /api/v1/"),
        (&["//evil.example/x"], "only the path is wanted"),
        (&["user/", "-X", "BREW"], "GET, POST, PUT, PATCH, DELETE or HEAD"),
        (&["user/", "-f", "novalue"], "write it as KEY=VALUE"),
        (&["user/", "--input", "x", "-f", "a=b"], "cannot be used with"),
        (&["user/", "-X", "GET", "--input", "-"], "a GET has no body"),
        (&["user/", "--paginate", "-X", "POST"], "only a GET has pages"),
    ] {
        world.run([&["api"], arguments].concat()).stderr(words).fails(2);
    }
    world.run(["api", "user/", "-X", "POST", "--input", "absent"]).stderr("cannot read absent").fails(1);
    assert_eq!(world.quay.requests().len(), before);
}

#[test]
fn the_token_of_the_environment_is_used_for_its_host() {
    let (world, token) = logged_in("user:read");
    world.run(["logout"]).stderr("Forgot").succeeds();
    world.run(["api", "user/"]).stderr("there is no login for").fails(3);
    world
        .run(["api", "user/"])
        .env("QUAY_AUTH_TOKEN", &token)
        .env("QUAY_AUTH_HOST", &world.quay.host())
        .prints("\"username\": \"alice\"")
        .succeeds();
}
