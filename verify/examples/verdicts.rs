//! The smallest complete verification: a table of five seeds at three
//! learning rates, tested for both conjectures.
//!
//! Not here: run folders (`read_sweep`), the report (`report::write`), and a
//! rule of convergence, which a table has as a column.

use std::path::Path;

use breakeven_verify::{VerifySettings, parse_table, verify};

const TABLE: &str = "\
seed,learning_rate,batch_size,converged,max_lambda_k
0,0.01,64,true,1.86
0,0.03,64,true,1.34
0,0.1,64,true,0.61
1,0.01,64,true,1.90
1,0.03,64,true,1.31
1,0.1,64,true,0.66
2,0.01,64,true,1.80
2,0.03,64,true,1.38
2,0.1,64,true,0.60
3,0.01,64,true,1.88
3,0.03,64,true,1.35
3,0.1,64,true,0.58
4,0.01,64,true,1.84
4,0.03,64,true,1.33
4,0.1,64,true,0.62
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = VerifySettings::default();
    let sweep = parse_table(Path::new("example.csv"), TABLE.as_bytes(), settings)?;
    for hypothesis in verify(&[sweep])?.hypotheses {
        println!(
            "{} {} with {}: {}. {}",
            hypothesis.quantity,
            hypothesis.expected.verb(),
            hypothesis.factor.name(),
            hypothesis.verdict.word(),
            hypothesis.reason
        );
    }
    Ok(())
}
