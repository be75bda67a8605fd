//! Paths, methods, fields and pages: what is sent and what comes back.

use std::fs;

use serde_json::json;

use super::json;
use crate::support::world::World;

/// A world with this many repositories, two on each page.
fn world_with_repositories(count: usize) -> World {
    let (world, _) = World::with_token("repo:read");
    world.quay.database().page_size = 2;
    for number in 0..count {
        world.quay.add_repository(&format!("acme/app{number}"));
    }
    world
}

#[test]
fn a_login_without_options_can_ask_for_the_user() {
    let world = World::new();
    world.log_in();
    world.run(["api", "user/"]).prints("\"username\": \"alice\"").succeeds();
}

#[test]
fn lists_the_repositories_of_an_organization() {
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
    // Beside each request, Quay is asked whether it accepts the token.
    let requests = world.quay.requests();
    let last = requests.iter().rfind(|request| request.path.starts_with("/api/v1/repository")).unwrap();
    assert_eq!((last.method.as_str(), last.query.as_str()), ("GET", "public=false&namespace=acme"));
    assert_eq!(last.user_agent.as_deref(), Some(concat!("quay-auth/", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn grants_a_permission() {
    let (world, _) = World::with_token("repo:admin");
    world.quay.add_repository("acme/app");
    let permission = "repository/acme/app/permissions/user/bob";
    let given = json(&world, &["-X", "PUT", permission, "-F", "role=read"]);
    assert_eq!((&given["role"], &given["name"]), (&json!("read"), &json!("bob")));
    world.run(["api", permission]).stdout("{\"role\": \"read\"}\n").succeeds();
}

#[test]
fn creates_describes_and_deletes_a_repository() {
    let (world, _) = World::with_token("repo:create,repo:admin");
    let fields = ["namespace=acme", "repository=app", "visibility=private", "description=Hello, world"];
    let mut arguments = vec!["repository"];
    arguments.extend(fields.iter().flat_map(|field| ["-f", field]));
    assert_eq!(json(&world, &arguments), json!({"namespace": "acme", "name": "app", "kind": "image"}));
    assert_eq!(json(&world, &["repository/acme/app"])["description"], "Hello, world");
    // The body from a file and from stdin.
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
fn fields_are_converted_as_gh_api_does() {
    let (world, _) = World::with_token("repo:read");
    let sent = |arguments: &[&str], stdin: &str| {
        let run = world.run([&["api", "-v", "-X", "POST", "echo"], arguments].concat()).stdin(stdin);
        run.prints("").stderr("POST http").fails(1);
        let body = world.quay.database().last_body.clone();
        String::from_utf8(body).unwrap()
    };
    let fields = ["-F", "a=1", "-F", "b=true", "-F", "tag=1.10", "-F", "d=1e3", "-F", "e=null", "-F", "f=[1]"];
    assert_eq!(sent(&fields, ""), r#"{"a":1,"b":true,"tag":"1.10","d":"1e3","e":null,"f":"[1]"}"#);
    assert_eq!(sent(&["-F", "id=12345678901234567890"], ""), r#"{"id":"12345678901234567890"}"#);
    assert_eq!(
        sent(&["-f", "f=1", "-f", "g=", "-f", "key=a=b", "-f", "at=@x"], ""),
        r#"{"f":"1","g":"","key":"a=b","at":"@x"}"#
    );
    assert_eq!(sent(&["-F", "a[b]=c", "-F", "list[]=x", "-f", "list[]=2"], ""), r#"{"a":{"b":"c"},"list":["x","2"]}"#);
    fs::write(world.home().join("text"), "from a file\n").unwrap();
    assert_eq!(sent(&["-F", "a=@text", "-F", "b=@-"], "and stdin"), r#"{"a":"from a file\n","b":"and stdin"}"#);
    // In a query, keys stand as they were typed.
    world
        .run(["api", "-X", "GET", "user/", "-F", "a[]=1", "-F", "a[]=2", "-F", "b=true", "-F", "c=null"])
        .prints("")
        .stderr("lacks user:read")
        .fails(5);
    let asked = world.quay.requests().into_iter().rfind(|request| request.path == "/api/v1/user/").unwrap();
    assert_eq!(asked.query, "a%5B%5D=1&a%5B%5D=2&b=true&c=");
    for (fields, says) in [
        (&["-F", "a=1", "-F", "a=2"][..], "the field `a` contradicts another field"),
        (&["-F", "a=1", "-f", "a[b]=2"], "the field `a[b]` contradicts another field"),
    ] {
        world.run([&["api", "echo"], fields].concat()).stderr(says).fails(2);
    }
    world.run(["api", "echo", "-F", "a=@absent"]).stderr("cannot read absent").fails(1);
}

#[test]
fn paginate_makes_one_document() {
    let world = world_with_repositories(5);
    let path = "repository?namespace=acme";
    assert_eq!(json(&world, &[path])["repositories"].as_array().unwrap().len(), 2);
    let before = world.quay.requests().len();
    let whole = json(&world, &["--paginate", path]);
    let names: Vec<_> =
        whole["repositories"].as_array().unwrap().iter().map(|repository| &repository["name"]).collect();
    assert_eq!(names, ["app0", "app1", "app2", "app3", "app4"]);
    assert_eq!(whole.as_object().unwrap().len(), 1, "no next_page is left: {whole}");
    let requests = world.quay.requests().split_off(before);
    assert_eq!(requests.iter().filter(|request| request.path == "/api/v1/repository").count(), 3);
    assert_eq!(requests.len(), 4, "and the token is checked once");
}

#[test]
fn paginate_reads_numbered_pages_of_tags() {
    let world = world_with_repositories(1);
    world.quay.database().repositories[0].tags = (0..7).map(|number| format!("v{number}")).collect();
    let whole = json(&world, &["--paginate", "repository/acme/app0/tag/?limit=3"]);
    assert_eq!(whole["tags"].as_array().unwrap().len(), 7);
    assert_eq!((&whole["page"], &whole["has_additional"]), (&json!(3), &json!(false)));
}

#[test]
fn a_search_prints_what_quay_gives_and_says_that_there_is_more() {
    let world = world_with_repositories(105);
    let search = world.run(["api", "--paginate", "find/repositories?query=app"]);
    let search = search.prints("").stderr("gives no more pages.\n").stderr("hint: narrow the request").succeeds();
    let found: serde_json::Value = serde_json::from_str(&search.stdout).unwrap();
    assert_eq!(found["results"].as_array().unwrap().len(), 100);
    let few = json(&world, &["--paginate", "find/repositories?query=app10"]);
    assert_eq!((few["results"].as_array().unwrap().len(), &few["has_additional"]), (6, &json!(false)));
}

#[test]
fn get_follows_the_redirect_for_a_missing_slash() {
    let (world, _) = World::with_token("user:read");
    assert_eq!(json(&world, &["user"])["username"], "alice");
    // Requests that change something do not follow it.
    world
        .run(["api", "-X", "PUT", "user", "-f", "a=b"])
        .stderr("redirects this request to /api/v1/user/")
        .stderr("hint: if that is the right path, use `/api/v1/user/`")
        .fails(7);
}

#[test]
fn include_prints_the_status_line_and_headers_first() {
    let (world, _) = World::with_token("user:read");
    let printed = world.run(["api", "-i", "user/"]).prints("HTTP/1.1 200 OK\n").succeeds().stdout;
    let (head, body) = printed.split_once("\n\n").unwrap();
    assert!(head.contains("\ncontent-type: application/json"), "{head}");
    assert!(body.starts_with("{\"anonymous\": false"), "{body}");
    // A refusal too, with its body.
    let refused = world.run(["api", "-i", "app/nobody"]).prints("HTTP/1.1 404 Not Found\n").stderr("with 404").fails(1);
    assert!(refused.stdout.contains("\"error_type\": \"not_found\""), "{refused}");
}

#[test]
fn header_option_adds_headers_but_not_reserved_ones() {
    let (world, _) = World::with_token("repo:admin");
    world.quay.add_repository("acme/app");
    world
        .run(["api", "-X", "PUT", "repository/acme/app", "-f", "description=x", "-H", "Content-Type: text/plain"])
        .stderr("with 415")
        .stderr("the request Content-Type was not 'application/json'")
        .fails(1);
    for header in ["Authorization: Bearer x", "host: evil.example", "Cookie: a=b", "content-length: 1"] {
        world.run(["api", "user/", "-H", header]).stderr("this header is set by quay-auth itself").fails(2);
    }
    for header in ["x", ": y", "a b: c", "A: b\nC: d", "É: x"] {
        world.run(["api", "user/", "-H", header]).stderr("write it as 'Name: value'").fails(2);
    }
}

#[test]
fn usage_errors_are_found_before_any_request() {
    let (world, _) = World::with_token("repo:read");
    let before = world.quay.requests().len();
    for (arguments, words) in [
        (&["https://quay.io/api/v1/user/"][..], "did you mean `user/`?"),
        (&["../oauth/authorize?response_type=token"], "must stay below /api/v1/"),
        (&["//evil.example/x"], "give only the path here"),
        (&["user/", "-X", "BREW"], "GET, POST, PUT, PATCH, DELETE or HEAD"),
        (&["user/", "-f", "novalue"], "write it as KEY=VALUE, OBJECT[KEY]=VALUE or LIST[]=VALUE"),
        (&["user/", "--input", "x", "-f", "a=b"], "cannot be used with"),
        (&["user/", "-X", "GET", "--input", "-"], "a GET has no body"),
        (&["user/", "--paginate", "-X", "POST"], "--paginate works with GET only"),
    ] {
        world.run([&["api"], arguments].concat()).stderr(words).fails(2);
    }
    world.run(["api", "user/", "-X", "POST", "--input", "absent"]).stderr("cannot read absent").fails(1);
    assert_eq!(world.quay.requests().len(), before);
}

#[test]
fn token_variable_is_used_for_its_host() {
    let (world, token) = World::with_token("user:read");
    world.run(["logout"]).stderr("Deleted").succeeds();
    world.run(["api", "user/"]).stderr("there is no login for").fails(3);
    world
        .run(["api", "user/"])
        .env("QUAY_AUTH_TOKEN", &token)
        .env("QUAY_AUTH_HOST", &world.quay.host())
        .prints("\"username\": \"alice\"")
        .succeeds();
}
