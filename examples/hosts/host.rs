// Steps and trains a model from Rust, by extern "C": rustc -O -L ../../build host.rs, ./host MODEL
use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_void};
use std::{env, process, ptr, time::Instant};

#[repr(C)]
struct Progress {
    struct_size: u32,
    reserved: i32,
    step: i64,
    steps: i64,
    cost: f64, // what follows is not read here
}
type Object = *mut c_void;
type Watch = extern "C" fn(*const Progress, *mut c_void) -> i32;

#[link(name = "neuroai")]
extern "C" {
    fn nai_last_error() -> *const c_char;
    fn nai_network_load(out: *mut Object, path: *const c_char, options: *const c_void) -> i32;
    fn nai_state_create(out: *mut Object, net: Object, trials: i64, seed: u64) -> i32;
    fn nai_state_reset(state: Object) -> i32;
    fn nai_state_step(outputs: *mut f32, state: Object, inputs: *const f32) -> i32;
    fn nai_task_create(out: *mut Object, name: *const c_char, net: Object) -> i32;
    fn nai_task_set(task: Object, parameter: *const c_char, value: f64) -> i32;
    fn nai_cost_create_cross_entropy(out: *mut Object, output: *const c_char) -> i32;
    fn nai_rule_create_bptt(out: *mut Object) -> i32;
    fn nai_optimizer_create_adam(out: *mut Object, rate: f64) -> i32;
    fn nai_trainer_create(
        out: *mut Object,
        net: Object,
        rule: Object,
        optimizer: Object,
        task: Object,
    ) -> i32;
    fn nai_trainer_add_cost(trainer: Object, cost: Object, beta: f64) -> i32;
    fn nai_trainer_set(trainer: Object, parameter: *const c_char, value: f64) -> i32;
    fn nai_trainer_run(trainer: Object, steps: i64, watch: Watch, user: *mut c_void) -> i32;
    fn nai_trainer_updates(trainer: Object) -> i64;
    fn nai_network_destroy(net: Object);
    fn nai_state_destroy(state: Object);
    fn nai_task_destroy(task: Object);
    fn nai_cost_destroy(cost: Object);
    fn nai_rule_destroy(rule: Object);
    fn nai_optimizer_destroy(optimizer: Object);
    fn nai_trainer_destroy(trainer: Object);
}

/// Owns an object of the library, and destroys it where its scope ends.
struct Owned(Object, unsafe extern "C" fn(Object));
impl Drop for Owned {
    fn drop(&mut self) {
        unsafe { self.1(self.0) }
    }
}
impl Owned {
    fn new(destroy: unsafe extern "C" fn(Object), create: impl FnOnce(*mut Object) -> i32) -> Owned {
        let mut out = ptr::null_mut();
        check(create(&mut out));
        Owned(out, destroy)
    }
}

fn check(status: i32) {
    if status < 0 {
        eprintln!("{}", unsafe { CStr::from_ptr(nai_last_error()) }.to_string_lossy());
        process::exit(1);
    }
}

fn run_loop(animal: &Owned) -> f64 {
    let (mut inputs, mut outputs, mut sum) = ([1f32, 0.0, 0.0], [0f32; 3], 0.0);
    check(unsafe { nai_state_reset(animal.0) });
    for t in 0..1000 {
        inputs[1] = if t % 100 < 50 { 1.0 } else { 0.0 };
        inputs[2] = if outputs[1] > outputs[2] { 1.0 } else { 0.0 };
        check(unsafe { nai_state_step(outputs.as_mut_ptr(), animal.0, inputs.as_ptr()) });
        sum += f64::from(outputs[1]);
    }
    sum
}

extern "C" fn watch(now: *const Progress, user: *mut c_void) -> i32 {
    let now = unsafe { &*now };
    unsafe { *(user as *mut f64) = now.cost };
    if now.step < 20 {
        0
    } else {
        1
    }
}

fn main() {
    let text = |s: &str| CString::new(s).unwrap();
    let path = text(&env::args().nth(1).unwrap_or("decision.safetensors".to_string()));
    let [decision, stimulus, choice, every] =
        ["perceptual-decision-making", "stimulus", "choice", "evaluate_every"].map(text);
    unsafe {
        let net = Owned::new(nai_network_destroy, |o| nai_network_load(o, path.as_ptr(), ptr::null()));
        let animal = Owned::new(nai_state_destroy, |o| nai_state_create(o, net.0, 1, 7));
        let (mut sum, mut cost, mut best) = (0.0, 0f64, 1e9f64);
        for _ in 0..20 {
            let start = Instant::now();
            sum = run_loop(&animal);
            best = best.min(start.elapsed().as_secs_f64());
        }

        let task = Owned::new(nai_task_destroy, |o| nai_task_create(o, decision.as_ptr(), net.0));
        check(nai_task_set(task.0, stimulus.as_ptr(), 500.0));
        let error = Owned::new(nai_cost_destroy, |o| nai_cost_create_cross_entropy(o, choice.as_ptr()));
        let rule = Owned::new(nai_rule_destroy, |o| nai_rule_create_bptt(o));
        let adam = Owned::new(nai_optimizer_destroy, |o| nai_optimizer_create_adam(o, 1e-3));
        let trainer =
            Owned::new(nai_trainer_destroy, |o| nai_trainer_create(o, net.0, rule.0, adam.0, task.0));
        check(nai_trainer_add_cost(trainer.0, error.0, 1.0));
        check(nai_trainer_set(trainer.0, every.as_ptr(), 0.0));
        check(nai_trainer_run(trainer.0, 1000, watch, &mut cost as *mut f64 as *mut c_void));

        println!("loop {:.6}, cost {:.6} after {} updates", sum, cost, nai_trainer_updates(trainer.0));
        println!("{:.2} us a step", best * 1e3);
    }
}
