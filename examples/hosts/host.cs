// Steps and trains a model from C#, by P/Invoke: mcs host.cs, mono host.exe MODEL
using System;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

static class Nai {
  [StructLayout(LayoutKind.Sequential)]
  public struct Progress { public uint structSize; public int reserved; public long step, steps; public double cost; }

  [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
  public delegate int Watch(ref Progress now, IntPtr user);

  const string N = "neuroai";
  [DllImport(N)] public static extern IntPtr nai_last_error();
  [DllImport(N)] public static extern int nai_network_load(out IntPtr net, string path, IntPtr options);
  [DllImport(N)] public static extern int nai_state_create(out IntPtr state, IntPtr net, long trials, ulong seed);
  [DllImport(N)] public static extern int nai_state_reset(IntPtr state);
  [DllImport(N)] public static extern int nai_state_step(float[] outputs, IntPtr state, float[] inputs);
  [DllImport(N)] public static extern int nai_task_create(out IntPtr task, string name, IntPtr net);
  [DllImport(N)] public static extern int nai_task_set(IntPtr task, string parameter, double value);
  [DllImport(N)] public static extern int nai_cost_create_cross_entropy(out IntPtr cost, string output);
  [DllImport(N)] public static extern int nai_rule_create_bptt(out IntPtr rule);
  [DllImport(N)] public static extern int nai_optimizer_create_adam(out IntPtr adam, double rate);
  [DllImport(N)] public static extern int nai_trainer_create(out IntPtr trainer, IntPtr net, IntPtr rule, IntPtr optimizer,
                                                             IntPtr task);
  [DllImport(N)] public static extern int nai_trainer_add_cost(IntPtr trainer, IntPtr cost, double beta);
  [DllImport(N)] public static extern int nai_trainer_set(IntPtr trainer, string parameter, double value);
  [DllImport(N)] public static extern int nai_trainer_run(IntPtr trainer, long steps, Watch watch, IntPtr user);
  [DllImport(N)] public static extern long nai_trainer_updates(IntPtr trainer);
  [DllImport(N)] public static extern void nai_network_destroy(IntPtr net);
  [DllImport(N)] public static extern void nai_state_destroy(IntPtr state);
  [DllImport(N)] public static extern void nai_task_destroy(IntPtr task);
  [DllImport(N)] public static extern void nai_cost_destroy(IntPtr cost);
  [DllImport(N)] public static extern void nai_rule_destroy(IntPtr rule);
  [DllImport(N)] public static extern void nai_optimizer_destroy(IntPtr optimizer);
  [DllImport(N)] public static extern void nai_trainer_destroy(IntPtr trainer);

  public static void Check(int status) {
    if (status < 0) throw new InvalidOperationException(Marshal.PtrToStringAnsi(nai_last_error()));
  }
}

static class Host {
  static double Loop(IntPtr animal) {
    float[] inputs = { 1, 0, 0 }, outputs = { 0, 0, 0 };
    double sum = 0;
    Nai.Check(Nai.nai_state_reset(animal));
    for (int t = 0; t < 1000; t++) {
      inputs[1] = t % 100 < 50 ? 1 : 0;
      inputs[2] = outputs[1] > outputs[2] ? 1 : 0;
      Nai.Check(Nai.nai_state_step(outputs, animal, inputs));
      sum += outputs[1];
    }
    return sum;
  }

  static void Main(string[] arguments) {
    CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
    IntPtr net, animal, task, error, rule, adam, trainer;
    Nai.Check(Nai.nai_network_load(out net, arguments.Length > 0 ? arguments[0] : "decision.safetensors", IntPtr.Zero));
    Nai.Check(Nai.nai_state_create(out animal, net, 1, 7));
    double sum = 0, cost = 0, best = 1e9;
    for (int run = 0; run < 20; run++) {
      var clock = Stopwatch.StartNew();
      sum = Loop(animal);
      best = Math.Min(best, clock.Elapsed.TotalSeconds);
    }

    Nai.Check(Nai.nai_task_create(out task, "perceptual-decision-making", net));
    Nai.Check(Nai.nai_task_set(task, "stimulus", 500));
    Nai.Check(Nai.nai_cost_create_cross_entropy(out error, "choice"));
    Nai.Check(Nai.nai_rule_create_bptt(out rule));
    Nai.Check(Nai.nai_optimizer_create_adam(out adam, 1e-3));
    Nai.Check(Nai.nai_trainer_create(out trainer, net, rule, adam, task));
    Nai.Check(Nai.nai_trainer_add_cost(trainer, error, 1));
    Nai.Check(Nai.nai_trainer_set(trainer, "evaluate_every", 0));
    Nai.Watch watch = (ref Nai.Progress now, IntPtr user) => { cost = now.cost; return now.step < 20 ? 0 : 1; };
    Nai.Check(Nai.nai_trainer_run(trainer, 1000, watch, IntPtr.Zero));
    GC.KeepAlive(watch); // C's pointer to it does not

    Console.WriteLine("loop {0:F6}, cost {1:F6} after {2} updates", sum, cost, Nai.nai_trainer_updates(trainer));
    Console.WriteLine("{0:F2} us a step", best * 1e3);
    Nai.nai_trainer_destroy(trainer);
    Nai.nai_optimizer_destroy(adam);
    Nai.nai_rule_destroy(rule);
    Nai.nai_cost_destroy(error);
    Nai.nai_task_destroy(task);
    Nai.nai_state_destroy(animal);
    Nai.nai_network_destroy(net);
  }
}
