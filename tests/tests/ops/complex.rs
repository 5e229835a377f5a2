//! `Op::Conjugate`, `Op::ComplexNormSq` and `Op::ComplexNormSqBackward`, part by part, and ops that move complex numbers.

use rlx_ir::{DType, Op};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{MODES, compile_text, refusal};
use rlx_mlx_tests::tensor::Tensor;

type Complex = (f32, f32);

fn bytes(values: &[Complex]) -> Vec<u8> {
    values.iter().flat_map(|(re, im)| [*re, *im]).flat_map(f32::to_le_bytes).collect()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

/// The output of a graph with this body, in every mode.
fn run(body: &str, inputs: &[&[u8]]) -> Vec<f32> {
    let text = format!("rlxmodel 1\nopset 1\ngraph @complex {{\n{body}\n}}\n");
    let [eager, lazy, compiled] = MODES.map(|mode| {
        let mut executable = compile_text(&text, mode).unwrap();
        executable.run_to_vec(inputs).unwrap().remove(0)
    });
    assert!(eager == lazy && eager == compiled, "modes differ\n{text}");
    floats(&eager)
}

fn values() -> Vec<Complex> {
    vec![(1.5, -2.0), (0.0, -0.0), (-3.25, 0.1), (f32::INFINITY, 1.0), (f32::NAN, -1.0), (1e20, 1e-20)]
}

/// Equal bits, or both NaN.
#[track_caller]
fn assert_bits(got: &[f32], want: &[f32]) {
    let same = |(g, w): (&f32, &f32)| g.to_bits() == w.to_bits() || (g.is_nan() && w.is_nan());
    assert!(got.len() == want.len() && got.iter().zip(want).all(same), "{got:?}, expected {want:?}");
}

#[test]
fn conjugates_turn_the_sign_of_the_imaginary_part_and_no_more() {
    let want: Vec<f32> = values().iter().flat_map(|(re, im)| [*re, -im]).collect();
    for dims in ["6", "2, 3", "3, 1, 2"] {
        let got = run(
            &format!("  %z = input : c64[{dims}]\n  %y = Conjugate %z : c64[{dims}]\n  return %y"),
            &[&bytes(&values())],
        );
        assert_bits(&got, &want);
    }
    assert_eq!(
        run("  %z = input : c64[]\n  %y = Conjugate %z : c64[]\n  return %y", &[&bytes(&[(2.0, 3.0)])]),
        [2.0, -3.0]
    );
    assert!(run("  %z = input : c64[0, 2]\n  %y = Conjugate %z : c64[0, 2]\n  return %y", &[&[]]).is_empty());
}

/// Of a transposed and a narrowed operand too, whose parts are not in order.
#[test]
fn operands_in_any_layout() {
    let body = "  %z = input : c64[2, 3]\n  %t = Transpose{perm: [1, 0]} %z : c64[3, 2]\n  \
                %n = Narrow{axis: 1, start: 1, len: 1} %t : c64[3, 1]\n  %y = Conjugate %n : c64[3, 1]\n  return %y";
    let want: Vec<f32> = values()[3..].iter().flat_map(|(re, im)| [*re, -im]).collect();
    assert_bits(&run(body, &[&bytes(&values())]), &want);
    let norms = body.replace("Conjugate %n : c64", "ComplexNormSq %n : f32");
    let want: Vec<f32> = values()[3..].iter().map(|z| squared(*z)).collect();
    assert_bits(&run(&norms, &[&bytes(&values())]), &want);
}

/// Rounded to f32 from f64.
fn squared((re, im): Complex) -> f32 {
    (f64::from(re).powi(2) + f64::from(im).powi(2)) as f32
}

#[test]
fn squared_norms() {
    let z = [(3.0, -4.0), (0.0, 0.0), (0.1, 0.2), (-1e20, 1.0), (f32::INFINITY, 1.0), (1e-30, 1e-30)];
    for dims in ["6", "3, 2"] {
        let body = format!("  %z = input : c64[{dims}]\n  %y = ComplexNormSq %z : f32[{dims}]\n  return %y");
        let got = run(&body, &[&bytes(&z)]);
        for (got, z) in got.iter().zip(z) {
            let want = squared(z);
            assert!(*got == want || (got - want).abs() <= 2.0 * f32::EPSILON * want, "{z:?}: {got}, expected {want}");
        }
    }
    assert_eq!(
        run("  %z = input : c64[]\n  %y = ComplexNormSq %z : f32[]\n  return %y", &[&bytes(&[(3.0, 4.0)])]),
        [25.0]
    );
    assert!(run("  %z = input : c64[0]\n  %y = ComplexNormSq %z : f32[0]\n  return %y", &[&[]]).is_empty());
    let nan =
        run("  %z = input : c64[1]\n  %y = ComplexNormSq %z : f32[1]\n  return %y", &[&bytes(&[(1.0, f32::NAN)])]);
    assert!(nan[0].is_nan());
}

/// Part by part: an infinite gradient of a real number leaves its imaginary part NaN, and nothing else.
#[test]
fn gradients_of_squared_norms() {
    let (z, g) = (values(), [2.0f32, -1.0, 0.5, 3.0, 1.0, f32::INFINITY]);
    let want: Vec<f32> = z.iter().zip(g).flat_map(|((re, im), g)| [g * re, g * im]).collect();
    let body = "  %z = input : c64[2, 3]\n  %g = input : f32[2, 3]\n  \
                %y = ComplexNormSqBackward %z, %g : c64[2, 3]\n  return %y";
    let g: Vec<u8> = g.iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_bits(&run(body, &[&bytes(&z), &g]), &want);
}

/// `node` of `z`, which holds `values`, and where each element of the result comes from; none is a zero.
fn moves(node: &str, dims: &str, want: &[Option<usize>]) {
    let z: Vec<Complex> = vec![(1.0, -2.0), (3.0, 4.0), (-5.0, 6.0), (7.0, 8.0)];
    let body = format!(
        "  %z = input : c64[2, 2]\n  %i = input : i32[2, 1]\n  %u = input : c64[2, 1]\n  %y = {node} : c64[{dims}]\n  return %y"
    );
    let picks: Vec<u8> = [1i32, 0].iter().flat_map(|i| i.to_le_bytes()).collect();
    let updates = [(7.0, 8.0), (-5.0, 6.0)];
    let got = run(&body, &[&bytes(&z), &picks, &bytes(&updates)]);
    let want: Vec<f32> =
        want.iter().map(|at| at.map_or((0.0, 0.0), |at| z[at])).flat_map(|(re, im)| [re, im]).collect();
    assert_bits(&got, &want);
}

#[test]
fn complex_numbers_move_whole() {
    let s = Some;
    moves("Pad{pads: [[0, 1], [0, 0]], mode: Constant(0.0)} %z", "3, 2", &[s(0), s(1), s(2), s(3), None, None]);
    moves("Pad{pads: [[1, 0], [0, 0]], mode: Reflect} %z", "3, 2", &[s(2), s(3), s(0), s(1), s(2), s(3)]);
    moves("Roll{shifts: [1], dims: [1]} %z", "2, 2", &[s(1), s(0), s(3), s(2)]);
    moves("Tile{reps: [1, 2]} %z", "2, 4", &[s(0), s(1), s(0), s(1), s(2), s(3), s(2), s(3)]);
    moves("Trilu{upper: true, diagonal: 1} %z", "2, 2", &[None, s(1), None, None]);
    moves("GatherElements{axis: 1} %z, %i", "2, 1", &[s(1), s(2)]);
    moves("GatherNd{batch_dims: 0} %z, %i", "2, 2", &[s(2), s(3), s(0), s(1)]);
    moves("ScatterElements{axis: 1, reduction: None} %z, %i, %u", "2, 2", &[s(0), s(3), s(2), s(3)]);
    moves("KvAppend{axis: 1, pos: 1} %z, %u", "2, 2", &[s(0), s(3), s(2), s(2)]);
}

#[test]
fn complex_sums_are_refused() {
    let text = "rlxmodel 1\nopset 1\ngraph @g {\n  %z = input : c64[2]\n  %i = input : i32[2]\n  \
                %y = ScatterAdd{axis: 0} %z, %i : c64[2]\n  return %y\n}\n";
    for mode in MODES {
        let error = compile_text(text, mode).expect_err("no sums of complex numbers");
        assert!(error.message().contains("ScatterAdd") && error.message().contains("c64"), "{error}");
    }
}

#[test]
fn real_operands_are_refused() {
    let x = Tensor::random(&[2], 1);
    for op in [Op::Conjugate, Op::ComplexNormSq] {
        let error = refusal(&one_op(op, &[&x], Layout::Dense, &[2], DType::F32));
        assert!(error.message().contains("c64"), "{error}");
    }
    let error = refusal(&one_op(Op::ComplexNormSqBackward, &[&x, &x], Layout::Dense, &[2], DType::F32));
    assert!(error.message().contains("c64"), "{error}");
}
