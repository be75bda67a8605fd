//! A system that allows no more threads, as at a limit of processes for a container, a job or a user.

use crate::support::program::Run;
use crate::support::system::strace;
use crate::support::world::{World, post_to_catcher, token_of};

/// The program under strace, which lets no thread start from the n-th one on.
fn with_threads(world: &World, allowed: usize, arguments: &[String]) -> Run {
    let mut command = strace(world);
    command.arg("-o").arg(world.runtime_folder().join("calls"));
    let fault = format!("inject=clone,clone3:error=EAGAIN:when={}+", allowed + 1);
    command.args(["-e", "trace=clone,clone3", "-e", &fault, env!("CARGO_BIN_EXE_quay-auth")]).args(arguments);
    Run::new(command)
}

#[test]
fn a_login_needs_few_threads_and_fails_before_there_is_a_token() {
    let world = World::new();
    let mut failures = 0;
    for allowed in 0..20 {
        let mut login = with_threads(&world, allowed, &world.login_arguments(&[])).start();
        if let Some(url) = login.authorize_url_unless_it_ends() {
            let location = world.quay.authorize(&url).expect("an approval");
            assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()), "{allowed}");
            login.succeeds();
            world.run(["print-token"]).stdout(&format!("{}\n", token_of(&location))).succeeds();
        } else {
            let stderr = login.fails(1);
            assert!(stderr.contains("error: cannot ") && stderr.contains("temporarily unavailable"), "{stderr}");
            failures += 1;
        }
    }
    assert!((1..10).contains(&failures), "{failures}");
}

#[test]
fn commands_that_ask_quay_need_no_thread() {
    let (world, token) = World::with_token("org:admin,user:read");
    for arguments in
        [&["status"][..], &["api", "user/"], &["tokens", "list"], &["scopes", "--host", &world.quay.host()]]
    {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        with_threads(&world, 0, &arguments).prints("").succeeds();
    }
    // A token that Quay no longer accepts is noticed too.
    world.quay.revoke(&token);
    for (command, code) in [("status", 5), ("api user/", 5)] {
        let arguments: Vec<String> = command.split(' ').map(str::to_owned).collect();
        with_threads(&world, 0, &arguments).prints("").stderr("does not accept").fails(code);
    }
}
