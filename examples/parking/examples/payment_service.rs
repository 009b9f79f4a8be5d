//! The stand-in of the payment service as a program, for `toolgate dev` and `toolgate play`. It forgets its charges when
//! it ends.

#![allow(dead_code, reason = "only the tests have faults")]

#[path = "../tests/stand_in/mod.rs"]
mod stand_in;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    // The address of `PaymentsUrl` in the template.
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8790".to_owned());
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("charges are at http://{}/charges", listener.local_addr()?);
    stand_in::StandIn::default().serve(listener).await;
    Ok(())
}
