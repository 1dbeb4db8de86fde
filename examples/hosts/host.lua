-- Steps and trains a model from LuaJIT, by its FFI: luajit host.lua MODEL
local ffi = require("ffi")
ffi.cdef([[
typedef struct { uint32_t struct_size; int32_t reserved; int64_t step, steps; double cost; } nai_progress;
typedef int32_t (*nai_progress_callback)(const nai_progress *now, void *user);
const char *nai_last_error(void);
int32_t nai_network_load(void **out, const char *path, const void *options);
int32_t nai_state_create(void **out, void *net, int64_t trials, uint64_t seed);
int32_t nai_state_reset(void *state);
int32_t nai_state_step(float *outputs, void *state, const float *inputs);
int32_t nai_task_create(void **out, const char *name, void *net);
int32_t nai_task_set(void *task, const char *parameter, double value);
int32_t nai_cost_create_cross_entropy(void **out, const char *output);
int32_t nai_rule_create_bptt(void **out);
int32_t nai_optimizer_create_adam(void **out, double rate);
int32_t nai_trainer_create(void **out, void *net, void *rule, void *optimizer, void *task);
int32_t nai_trainer_add_cost(void *trainer, void *cost, double beta);
int32_t nai_trainer_set(void *trainer, const char *parameter, double value);
int32_t nai_trainer_run(void *trainer, int64_t steps, nai_progress_callback progress, void *user);
int64_t nai_trainer_updates(void *trainer);
void nai_network_destroy(void *net); void nai_state_destroy(void *state); void nai_task_destroy(void *task);
void nai_cost_destroy(void *cost); void nai_rule_destroy(void *rule);
void nai_optimizer_destroy(void *optimizer); void nai_trainer_destroy(void *trainer);
]])
local nai = ffi.load("neuroai")

local function check(status)
  if status < 0 then error(ffi.string(nai.nai_last_error()), 2) end
end

-- What `create` makes; the garbage collector destroys it, in any order.
local function new(kind, create, ...)
  local out = ffi.new("void *[1]")
  check(nai["nai_" .. kind .. "_" .. create](out, ...))
  return ffi.gc(out[0], nai["nai_" .. kind .. "_destroy"])
end

local net = new("network", "load", arg[1] or "decision.safetensors", nil)
local animal = new("state", "create", net, 1, 7)

local function loop()
  local inputs, outputs, sum = ffi.new("float[3]", 1, 0, 0), ffi.new("float[3]"), 0
  check(nai.nai_state_reset(animal))
  for t = 0, 999 do
    inputs[1] = t % 100 < 50 and 1 or 0
    inputs[2] = outputs[1] > outputs[2] and 1 or 0
    check(nai.nai_state_step(outputs, animal, inputs))
    sum = sum + outputs[1]
  end
  return sum
end

local sum, best = 0, 1e9
for _ = 1, 20 do
  local start = os.clock()
  sum = loop()
  best = math.min(best, os.clock() - start)
end

local task = new("task", "create", "perceptual-decision-making", net)
check(nai.nai_task_set(task, "stimulus", 500))
local trainer = new("trainer", "create", net, new("rule", "create_bptt"), new("optimizer", "create_adam", 1e-3), task)
check(nai.nai_trainer_add_cost(trainer, new("cost", "create_cross_entropy", "choice"), 1))
check(nai.nai_trainer_set(trainer, "evaluate_every", 0))

local cost
local watch = ffi.cast("nai_progress_callback", function(now)
  cost = now.cost
  return now.step < 20 and 0 or 1
end)
jit.off() -- compiled code may not be called back
check(nai.nai_trainer_run(trainer, 1000, watch, nil))
watch:free()

print(string.format("loop %.6f, cost %.6f after %d updates", sum, cost, tonumber(nai.nai_trainer_updates(trainer))))
print(string.format("%.2f us a step", best * 1e3))
