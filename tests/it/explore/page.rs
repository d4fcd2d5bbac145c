//! The page in a browser.

use serde_json::Value;
use tempfile::tempdir;

use super::browser::Browser;
use super::service::{Service, append, record, simulate, write_run};

/// Steps that the slider is moved; their times make the median.
const MOVES: usize = 40;

/// Runs a test's steps, and then asks whether the console stayed empty.
fn in_browser(steps: impl AsyncFnOnce(&Browser)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let browser = Browser::open().await;
        steps(&browser).await;
        assert_eq!(browser.console().await, Vec::<Value>::new());
        browser.close().await;
    });
}

async fn rounds(browser: &Browser) -> usize {
    let rounds = browser.value("Number(document.querySelector('#timing').dataset.rounds ?? 0)");
    rounds.await.as_u64().unwrap() as usize
}

#[test]
#[ignore = "needs Chromium and its driver"]
fn a_slider_moves_the_threshold_to_what_the_command_line_prints() {
    let service = Service::start(None);
    in_browser(async |browser| {
        browser.client.goto(&service.address()).await.unwrap();
        browser
            .until("document.querySelector('#timing').dataset.rounds === '1'")
            .await;
        let before = rounds(browser).await;
        let slider = browser.element("#learning_rate-slider").await;
        for moved in 1..=MOVES {
            slider.send_keys("\u{e014}").await.unwrap(); // the right arrow key
            let done = before + moved;
            browser
                .until(&format!(
                    "Number(document.querySelector('#timing').dataset.rounds) >= {done}"
                ))
                .await;
        }
        let field = |id: &str| format!("document.querySelector('#{id}').value");
        let eta = browser.value(&field("learning_rate")).await;
        let eta = eta.as_str().unwrap();
        assert!(eta.parse::<f64>().unwrap() > 0.1);
        let expected = simulate(&format!(
            "threshold --learning-rate {eta} --batch-size 8 --examples 50000 --alpha 1 --psi 0.25 --json"
        ));
        let found = browser
            .value("Number(document.querySelector('#result').dataset.lambdaH)")
            .await;
        assert_eq!(found, expected["lambda_h"]);
        let median = browser
            .value("document.querySelector('#timing').dataset.median")
            .await;
        println!("a slider's round trip, request to drawn: median {median} ms of {MOVES}");
    });
}

#[test]
#[ignore = "needs Chromium and its driver"]
fn a_link_restores_the_view() {
    let service = Service::start(None);
    in_browser(async |browser| {
        browser.client.goto(&service.address()).await.unwrap();
        browser.element("#preset-5").await.click().await.unwrap();
        let field = browser.element("#batch_size_2").await;
        browser
            .value("document.querySelector('#batch_size_2').select()")
            .await;
        field.send_keys("4\u{e007}").await.unwrap(); // and the enter key
        browser
            .until("location.hash.includes('batch_size_2=4')")
            .await;
        browser
            .until("document.querySelector('#thresholds tbody').rows.length === 2")
            .await;
        browser
            .until("document.querySelector('#theory-figures').textContent.includes('S = 4')")
            .await;
        let view = "document.querySelector('#theory').innerHTML.replace(/aria-pressed/g, '')";
        let link = browser.client.current_url().await.unwrap();
        let before = browser.value(view).await;

        browser.client.goto("about:blank").await.unwrap();
        browser.client.goto(link.as_str()).await.unwrap();
        browser
            .until("document.querySelector('#theory-figures').textContent.includes('S = 4')")
            .await;
        let (expected, found) = (before.as_str().unwrap(), browser.value(view).await);
        assert_eq!(found.as_str().unwrap(), expected);
        let noise = "document.querySelector('[name=noise][value=law]').checked";
        assert_eq!(browser.value(noise).await, Value::Bool(true));
        assert_eq!(
            browser
                .value("document.querySelector('#psi_exponent').value")
                .await,
            "-1"
        );
    });
}

#[test]
#[ignore = "needs Chromium and its driver"]
fn a_growing_run_appears_without_a_reload() {
    let folder = tempdir().unwrap();
    let (one, two) = (
        folder.path().join("runs/one"),
        folder.path().join("runs/two"),
    );
    write_run(&one, "one", 1);
    let service = Service::start(Some(folder.path()));
    in_browser(async |browser| {
        let address = format!("{}#tab=runs", service.address());
        browser.client.goto(&address).await.unwrap();
        let rows = "document.querySelector('#run-table tbody')";
        browser
            .until(&format!(
                "{rows}.rows.length === 1 && {rows}.textContent.includes('0 of 30')"
            ))
            .await;
        browser.value("window.untouched = true").await;

        append(&one, &record(10));
        append(
            &one,
            "{\"step\":20,\"epoch\":2.0,\"lambda_h\":9.0,\"stability\":1.5}\n",
        );
        browser
            .until(&format!("{rows}.textContent.includes('20 of 30')"))
            .await;
        browser
            .until("document.querySelector('#run-figures .cross') !== null")
            .await;
        write_run(&two, "two", 2);
        browser.until(&format!("{rows}.rows.length === 2")).await;
        assert_eq!(browser.value("window.untouched").await, Value::Bool(true));

        // A choice of runs is in the address.
        browser
            .element("#run-list input")
            .await
            .click()
            .await
            .unwrap();
        browser.until(&format!("{rows}.rows.length === 1")).await;
        browser
            .until("location.hash.includes('run=runs%2Ftwo')")
            .await;
    });
}

#[test]
#[ignore = "needs Chromium and its driver"]
fn every_step_of_the_story_and_both_views_draw_without_a_complaint() {
    let service = Service::start(None);
    in_browser(async |browser| {
        browser.client.goto(&service.address()).await.unwrap();
        for step in 1..=5 {
            browser
                .element(&format!("#preset-{step}"))
                .await
                .click()
                .await
                .unwrap();
            let pressed =
                format!("document.querySelector('#preset-{step}').ariaPressed === 'true'");
            browser.until(&pressed).await;
            browser
                .until("document.querySelectorAll('#theory-figures svg').length === 6")
                .await;
            browser
                .until("document.querySelector('#problem').hidden")
                .await;
        }
        // By keyboard: from one tab to the other.
        browser
            .element("#tab-theory")
            .await
            .send_keys("\u{e014}")
            .await
            .unwrap();
        browser
            .until("document.activeElement.id === 'tab-runs'")
            .await;
        browser
            .until(
                "document.querySelector('#folder').textContent.includes('breakeven explore RUNS')",
            )
            .await;
        // Every control has a name for those who can't see it.
        let unnamed = "[...document.querySelectorAll('input, select, button, a')].filter((it) => \
                       !it.ariaLabel && !it.textContent.trim() && !it.labels?.[0]?.textContent.trim()).length";
        assert_eq!(browser.value(unnamed).await, 0);
    });
}
