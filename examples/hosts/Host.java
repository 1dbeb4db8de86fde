// Steps and trains a model from Java, by JNA: java -cp jna.jar:. Host MODEL

import com.sun.jna.Callback;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.ptr.PointerByReference;
import java.util.Locale;

public class Host {
  @Structure.FieldOrder({"structSize", "reserved", "step", "steps", "cost"})
  public static class Progress extends Structure {
    public int structSize, reserved;
    public long step, steps;
    public double cost;
  }

  public interface Watch extends Callback {
    int call(Progress now, Pointer user);
  }

  static native String nai_last_error();
  static native int nai_network_load(PointerByReference out, String path, Pointer options);
  static native int nai_state_create(PointerByReference out, Pointer net, long trials, long seed);
  static native int nai_state_reset(Pointer state);
  static native int nai_state_step(Pointer outputs, Pointer state, Pointer inputs);
  static native int nai_task_create(PointerByReference out, String name, Pointer net);
  static native int nai_task_set(Pointer task, String parameter, double value);
  static native int nai_cost_create_cross_entropy(PointerByReference out, String output);
  static native int nai_rule_create_bptt(PointerByReference out);
  static native int nai_optimizer_create_adam(PointerByReference out, double rate);
  static native int nai_trainer_create(PointerByReference out, Pointer net, Pointer rule, Pointer optimizer, Pointer task);
  static native int nai_trainer_add_cost(Pointer trainer, Pointer cost, double beta);
  static native int nai_trainer_set(Pointer trainer, String parameter, double value);
  static native int nai_trainer_run(Pointer trainer, long steps, Watch watch, Pointer user);
  static native long nai_trainer_updates(Pointer trainer);
  static native void nai_network_destroy(Pointer net);
  static native void nai_state_destroy(Pointer state);
  static native void nai_task_destroy(Pointer task);
  static native void nai_cost_destroy(Pointer cost);
  static native void nai_rule_destroy(Pointer rule);
  static native void nai_optimizer_destroy(Pointer optimizer);
  static native void nai_trainer_destroy(Pointer trainer);

  static { Native.register("neuroai"); } // direct mapping: the quicker of JNA's two

  static void check(int status) {
    if (status < 0) throw new IllegalStateException(nai_last_error());
  }

  interface Create { int into(PointerByReference out); }

  static Pointer make(Create create) {
    PointerByReference out = new PointerByReference();
    check(create.into(out));
    return out.getValue();
  }

  static double loop(Pointer animal, Memory inputs, Memory outputs) {
    double sum = 0;
    outputs.clear();
    inputs.setFloat(0, 1);
    check(nai_state_reset(animal));
    for (int t = 0; t < 1000; t++) {
      inputs.setFloat(4, t % 100 < 50 ? 1 : 0);
      inputs.setFloat(8, outputs.getFloat(4) > outputs.getFloat(8) ? 1 : 0);
      check(nai_state_step(outputs, animal, inputs));
      sum += outputs.getFloat(4);
    }
    return sum;
  }

  public static void main(String[] arguments) {
    String path = arguments.length > 0 ? arguments[0] : "decision.safetensors";
    Pointer net = make(out -> nai_network_load(out, path, null));
    Pointer animal = make(out -> nai_state_create(out, net, 1, 7));
    Memory inputs = new Memory(12), outputs = new Memory(12);
    double sum = 0, best = 1e9;
    for (int run = 0; run < 20; run++) {
      long start = System.nanoTime();
      sum = loop(animal, inputs, outputs);
      best = Math.min(best, (System.nanoTime() - start) * 1e-9);
    }

    Pointer task = make(out -> nai_task_create(out, "perceptual-decision-making", net));
    check(nai_task_set(task, "stimulus", 500));
    Pointer error = make(out -> nai_cost_create_cross_entropy(out, "choice"));
    Pointer rule = make(out -> nai_rule_create_bptt(out));
    Pointer adam = make(out -> nai_optimizer_create_adam(out, 1e-3));
    Pointer trainer = make(out -> nai_trainer_create(out, net, rule, adam, task));
    check(nai_trainer_add_cost(trainer, error, 1));
    check(nai_trainer_set(trainer, "evaluate_every", 0));
    double[] cost = new double[1];
    Watch watch = (now, user) -> { cost[0] = now.cost; return now.step < 20 ? 0 : 1; };
    check(nai_trainer_run(trainer, 1000, watch, null));

    System.out.printf(Locale.ROOT, "loop %.6f, cost %.6f after %d updates%n", sum, cost[0], nai_trainer_updates(trainer));
    System.out.printf(Locale.ROOT, "%.2f us a step%n", best * 1e3);
    nai_trainer_destroy(trainer);
    nai_optimizer_destroy(adam);
    nai_rule_destroy(rule);
    nai_cost_destroy(error);
    nai_task_destroy(task);
    nai_state_destroy(animal);
    nai_network_destroy(net);
  }
}
