//! Feedback: one per session, and the last one counts.

use support_desk::Caller;

use crate::help::{World, jane, number, text};

#[tokio::test]
async fn the_last_feedback_of_a_session_counts() {
    let world = World::empty().await;
    world.desk.record_feedback(&jane(), Some("s-1"), 2, Some("slow")).await.unwrap();
    let last = world.desk.record_feedback(&jane(), Some("s-1"), 5, None).await.unwrap();
    let all = world.all(&world.tables.feedback).await;
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["rating"], number(5));
    assert_eq!(all[0]["comment"], text(""));
    assert_eq!(all[0]["feedbackId"], text(last.feedback_id));
}

#[tokio::test]
async fn sessions_of_one_name_are_distinguished_by_their_customer() {
    let world = World::empty().await;
    let other = Caller::Customer("CUST-00001".into());
    for caller in [jane(), other, Caller::Desk] {
        world.desk.record_feedback(&caller, Some("s-1"), 4, None).await.unwrap();
    }
    world.desk.record_feedback(&jane(), Some("s-2"), 4, None).await.unwrap();
    assert_eq!(world.all(&world.tables.feedback).await.len(), 4);
}

#[tokio::test]
async fn without_a_session_each_feedback_counts() {
    let world = World::empty().await;
    for _ in 0..3 {
        world.desk.record_feedback(&jane(), None, 4, None).await.unwrap();
    }
    assert_eq!(world.all(&world.tables.feedback).await.len(), 3);
}
