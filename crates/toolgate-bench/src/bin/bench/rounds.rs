//! The measurement: rounds of fresh processes of all subjects.
//!
//! In a round each subject is started (the order rotates), and then the calls alternate between the subjects, so that
//! other load on the machine affects all subjects equally. Ratios are computed within a round.

use std::{collections::BTreeMap, error::Error, io::Write};

use crate::{figures::Figures, process::Process, subject::Subject};

/// Warm-up calls, for connections, caches and lazy initialisation.
const WARM_UP: usize = 20;

/// The metrics of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Metric {
    Init,
    InitCpu,
    FirstCall,
    WarmCall,
    WarmCpu,
    Resident,
    Own,
    Peak,
}

/// One value per round and metric for each subject. The value is NaN in a round that the subject skipped.
pub(crate) type Measured = Vec<BTreeMap<Metric, Figures>>;

pub(crate) fn measure(
    subjects: &[Subject],
    endpoint: &str,
    rounds: usize,
    calls: usize,
) -> Result<Measured, Box<dyn Error>> {
    let mut measured: Measured = vec![BTreeMap::new(); subjects.len()];
    // The first round only fills the page cache.
    for round in 0..=rounds {
        let mut order: Vec<usize> = (0..subjects.len()).collect();
        order.rotate_left(round % subjects.len());
        let mut running = Vec::new();
        for at in order {
            let Some(subject) = subjects.get(at) else { continue };
            if round % subject.every == 0 {
                running.push((at, subject, Process::start(subject, endpoint)?));
            }
        }
        let mut figures = vec![BTreeMap::new(); subjects.len()];
        let mut note = |at: usize, metric: Metric, value: f64| {
            if let Some(figures) = figures.get_mut(at) {
                figures.insert(metric, value);
            }
        };
        for (at, subject, process) in &running {
            note(*at, Metric::Init, process.init.as_secs_f64());
            note(*at, Metric::InitCpu, process.init_cpu.map_or(f64::NAN, |time| time.as_secs_f64()));
            let (took, reply) = process.call()?;
            subject.check(&reply)?;
            note(*at, Metric::FirstCall, took.as_secs_f64());
            for _ in 1..WARM_UP {
                process.call()?;
            }
        }
        let before: Vec<_> = running.iter().map(|(.., process)| process.cpu()).collect();
        let mut took = vec![Figures::default(); running.len()];
        for _ in 0..calls {
            for ((.., process), took) in running.iter().zip(&mut took) {
                took.push(process.call()?.0.as_secs_f64());
            }
        }
        for (((at, subject, process), before), took) in running.iter().zip(before).zip(took) {
            note(*at, Metric::WarmCall, took.median());
            let used = process.cpu().zip(before).map(|(after, before)| (after - before).as_secs_f64());
            note(*at, Metric::WarmCpu, used.map_or(f64::NAN, |used| used / calls as f64));
            if let Some(memory) = process.memory() {
                note(*at, Metric::Resident, memory.resident as f64);
                note(*at, Metric::Own, memory.own as f64);
                note(*at, Metric::Peak, memory.peak as f64);
            }
            subject.check(&process.call()?.1)?;
        }
        if round > 0 {
            keep(&mut measured, figures);
        }
        eprint_progress(round, rounds);
    }
    Ok(measured)
}

fn keep(measured: &mut Measured, figures: Vec<BTreeMap<Metric, f64>>) {
    for (all, figures) in measured.iter_mut().zip(figures) {
        for metric in Metric::ALL {
            all.entry(metric).or_default().push(figures.get(&metric).copied().unwrap_or(f64::NAN));
        }
    }
}

impl Metric {
    pub(crate) const ALL: [Self; 8] = [
        Self::Init,
        Self::InitCpu,
        Self::FirstCall,
        Self::WarmCall,
        Self::WarmCpu,
        Self::Resident,
        Self::Own,
        Self::Peak,
    ];
}

/// Progress is shown on a terminal only; a log does not need it.
fn eprint_progress(round: usize, rounds: usize) {
    use std::io::IsTerminal;
    let mut out = std::io::stderr();
    if out.is_terminal() {
        let end = if round == rounds { "\n" } else { "" };
        let _ = write!(out, "\rround {round} of {rounds}{end}");
    }
}
