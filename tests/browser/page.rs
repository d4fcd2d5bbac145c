//! The explorer's page in a browser. The variable BREAKEVEN names the program.

mod browser;
#[path = "../it/explore/service.rs"]
#[allow(dead_code)]
mod service;

use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use browser::{Browser, ENTER, RIGHT};
use service::{Service, append, record, simulate, write_run};

/// The program under test.
fn program() -> String {
    std::env::var("BREAKEVEN").expect("BREAKEVEN has to name the program")
}

/// Steps that the slider is moved; their times make the median.
const MOVES: usize = 40;

/// Shows a view of the page, with the runs in a folder or none; runs a test's
/// steps, which get the page's address; then asks whether the console stayed
/// empty.
fn in_browser(runs: Option<&Path>, view: &str, steps: impl FnOnce(&Browser, &str)) {
    let service = Service::start(runs);
    let address = format!("http://127.0.0.1:{}/", service.port);
    let browser = Browser::open();
    browser.go(&format!("{address}{view}"));
    steps(&browser, &address);
    assert_eq!(browser.console(), Vec::<Value>::new());
}

fn rounds(browser: &Browser) -> usize {
    let rounds = browser.value("Number(document.querySelector('#timing').dataset.rounds ?? 0)");
    rounds.as_u64().unwrap() as usize
}

#[test]
#[ignore = "needs Chromium and its driver"]
fn a_slider_moves_the_threshold_to_what_the_command_line_prints() {
    in_browser(None, "", |browser, _| {
        browser.until("document.querySelector('#timing').dataset.rounds === '1'");
        let before = rounds(browser);
        for moved in 1..=MOVES {
            browser.type_into("#learning_rate-slider", &RIGHT);
            let done = before + moved;
            browser.until(&format!(
                "Number(document.querySelector('#timing').dataset.rounds) >= {done}"
            ));
        }
        let field = |id: &str| format!("document.querySelector('#{id}').value");
        let eta = browser.value(&field("learning_rate"));
        let eta = eta.as_str().unwrap();
        assert!(eta.parse::<f64>().unwrap() > 0.1);
        let expected = simulate(&format!(
            "threshold --learning-rate {eta} --batch-size 8 --examples 50000 --alpha 1 --psi 0.25 --json"
        ));
        let found = browser.value("Number(document.querySelector('#result').dataset.lambdaH)");
        assert_eq!(found, expected["lambda_h"]);
        let median = browser.value("Number(document.querySelector('#timing').dataset.median)");
        let median = median.as_f64().unwrap();
        println!("a slider's round trip, request to drawn: median {median:.1} ms of {MOVES}");
    });
}

#[test]
#[ignore = "needs Chromium and its driver"]
fn a_link_restores_the_view() {
    in_browser(None, "", |browser, _| {
        browser.click("#preset-5");
        browser.value("document.querySelector('#batch_size_2').select()");
        browser.type_into("#batch_size_2", &format!("4{ENTER}"));
        browser.until("location.hash.includes('batch_size_2=4')");
        browser.until("document.querySelector('#thresholds tbody').rows.length === 2");
        browser.until("document.querySelector('#theory-figures').textContent.includes('S = 4')");
        let view = "document.querySelector('#theory').innerHTML.replace(/aria-pressed/g, '')";
        let link = browser.value("location.href");
        let before = browser.value(view);

        browser.go("about:blank");
        browser.go(link.as_str().unwrap());
        browser.until("document.querySelector('#theory-figures').textContent.includes('S = 4')");
        let (expected, found) = (before.as_str().unwrap(), browser.value(view));
        assert_eq!(found.as_str().unwrap(), expected);
        let noise = "document.querySelector('[name=noise][value=law]').checked";
        assert_eq!(browser.value(noise), Value::Bool(true));
        assert_eq!(
            browser.value("document.querySelector('#psi_exponent').value"),
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
    in_browser(Some(folder.path()), "#tab=runs", |browser, _| {
        let rows = "document.querySelector('#run-table tbody')";
        browser.until(&format!(
            "{rows}.rows.length === 1 && {rows}.textContent.includes('0 of 30')"
        ));
        browser.value("window.untouched = true");

        append(&one, &record(10));
        append(
            &one,
            "{\"step\":20,\"epoch\":2.0,\"lambda_h\":9.0,\"stability\":1.5}\n",
        );
        browser.until(&format!("{rows}.textContent.includes('20 of 30')"));
        browser.until("document.querySelector('#run-figures .cross') !== null");
        write_run(&two, "two", 2);
        browser.until(&format!("{rows}.rows.length === 2"));
        assert_eq!(browser.value("window.untouched"), Value::Bool(true));

        // A choice of runs is in the address.
        browser.click("#run-list input");
        browser.until(&format!("{rows}.rows.length === 1"));
        browser.until("location.hash.includes('run=runs%2Ftwo')");
    });
}

#[test]
#[ignore = "needs Chromium and its driver"]
fn of_ten_thousand_runs_those_that_are_looked_for_are_shown() {
    let folder = tempdir().unwrap();
    for number in 0..10_000 {
        let name = format!("lr0.1-seed{number}");
        write_run(&folder.path().join(&name), &name, 1);
    }
    in_browser(Some(folder.path()), "#tab=runs", |browser, _| {
        let shown = "[...document.querySelectorAll('#run-list label')].filter((it) => !it.hidden)";
        browser.until(&format!("{shown}.length === 10000"));
        let took = browser.value("performance.now()").as_f64().unwrap();
        println!("ten thousand runs are listed {took:.0} ms after the page's start");
        browser.click("#all");
        browser.until("document.querySelector('#problem').textContent.includes('at most 40')");
        browser.type_into("#run-filter", "seed777");
        browser.until(&format!("{shown}.length === 11"));
        browser.click("#all");
        let rows = "document.querySelector('#run-table tbody').rows.length";
        browser.until(&format!("{rows} === 11"));
        browser.until("document.querySelector('#problem').hidden");
    });
}

#[test]
#[ignore = "needs Chromium and its driver"]
fn every_step_of_the_story_and_both_views_draw_without_a_complaint() {
    in_browser(None, "", |browser, _| {
        for step in 1..=5 {
            browser.click(&format!("#preset-{step}"));
            let pressed =
                format!("document.querySelector('#preset-{step}').ariaPressed === 'true'");
            browser.until(&pressed);
            browser.until("document.querySelectorAll('#theory-figures canvas').length === 6");
            browser.until("document.querySelector('#problem').hidden");
        }
        // By keyboard: from one tab to the other.
        browser.type_into("#tab-theory", &RIGHT);
        browser.until("document.activeElement.id === 'tab-runs'");
        browser.until(
            "document.querySelector('#folder').textContent.includes('breakeven explore RUNS')",
        );
        // Every control has a name for those who can't see it.
        let unnamed = "[...document.querySelectorAll('input, select, button, a')].filter((it) => \
                       !it.ariaLabel && !it.textContent.trim() && !it.labels?.[0]?.textContent.trim()).length";
        assert_eq!(browser.value(unnamed), 0);
    });
}

#[test]
#[ignore = "needs Chromium and its driver"]
fn values_are_read_off_a_figure_by_keyboard() {
    in_browser(None, "", |browser, address| {
        let reading = "[data-id=lambda-h] .reading";
        browser.until(&format!("document.querySelector('{reading}') !== null"));
        let told = format!("document.querySelector('{reading}').ariaValueText");
        browser.type_into(reading, &RIGHT);
        // λ_H starts at 1 and grows by 3 % a step.
        let expected = "A: η = 0.1, S = 8: step t = 1, λ_H = 1.03";
        browser.until(&format!("{told} === '{expected}'"));
        browser.until("document.querySelector('[data-id=lambda-h] .ring') !== null");

        // Closer, and back to the whole.
        let button = "[data-id=lambda-h] button";
        let hidden = |is: bool| format!("document.querySelector('{button}').hidden === {is}");
        browser.until(&hidden(true));
        browser.type_into(reading, "+");
        browser.until(&hidden(false));
        browser.until("location.hash.includes('zoom=lambda-h')");
        let link = browser.value("location.href");
        browser.go("about:blank");
        browser.go(link.as_str().unwrap());
        browser.until(&format!("document.querySelector('{button}') !== null"));
        browser.until(&hidden(false));
        assert_eq!(browser.value("location.href"), link);
        browser.click(button);
        browser.until(&hidden(true));
        browser.until("!location.hash.includes('zoom')");

        // A part that the axes do not have is all of it.
        browser.go("about:blank");
        browser.go(&format!(
            "{}#zoom=diagram,-1,1,0,2&zoom=lambda-h,3,3,0,1",
            address
        ));
        browser.until("document.querySelectorAll('#theory-figures canvas').length === 6");
        browser.until("!location.hash.includes('zoom')");
    });
}
