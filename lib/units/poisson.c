/*
 * A source of spikes: in each step one with probability rate dt, whatever was before. Its mean is that of a
 * Poisson process, of which two spikes within a step are left out.
 */
#include "../base/philox.h"
#include "chunk.h"

enum { RATE, PLASTIC_BIAS, PARAMETERS };

static const nai_field parameters[PARAMETERS] = {
    [RATE] = NAI__FIELD("rate", "Hz", "added to what the port rate receives", 0, 0, 1e9),
    [PLASTIC_BIAS] = {sizeof(nai_field), 0, "plastic_bias", "1", "1: the bias learns", 0, 0, 1,
                      NULL, NULL, 1, 0}};
static const nai_field ports[] = {
    NAI__FIELD("rate", "Hz", "rate; below 0 there are no spikes", 0, 0, 0)};
static const nai_field signals[] = {NAI__FIELD("spike", "1", "1 for a spike", 0, 0, 0)};

/* Words at once, a multiple of 4. */
enum { CHUNK = 256 };

static void some_spikes(float *spike, int64_t n, const float *rate, double dt, const uint32_t *word)
{
  const float step = (float)(dt / 1000);
  for (int64_t i = 0; i < n; i++)
    spike[i] = (double)word[i] < (double)(rate[i] * step) * 0x1p32 ? 1.0F : 0.0F;
}

static void step_chunk(const nai__chunk *c)
{
  const nai_unit_batch *b = c->batch;
  const nai__kernels *kernels = ((const nai__unit_batch *)b)->kernels;
  const int64_t odd = b->first_unit % 4; /* words are counted from a multiple of 4 */
  uint32_t word[CHUNK + 4];
  kernels->words(word, c->n + odd, b->first_unit - odd + c->first, b->seed, NAI__FOR_COUNTS,
                 b->first + (uint64_t)c->trial, (uint32_t)b->step);
  some_spikes(nai__chunk_signal(c, 0), c->n, nai__chunk_port(c, 0), b->dt, word + odd);
}

static nai_status step(void *user, nai_unit_batch *b)
{
  (void)user;
  nai__each_chunk(b, CHUNK, step_chunk);
  return NAI_OK;
}

/* All are 0: a spike is drawn, so no error goes through it. */
static nai_status slopes(void *user, nai_unit_batch *b)
{
  (void)user;
  (void)b;
  return NAI_OK;
}

const nai_model nai__model_poisson = {.ops = {.struct_size = sizeof(nai_model_ops),
                                              .flags = NAI_MODEL_THREADED | NAI_MODEL_SPIKES,
                                              .name = "poisson",
                                              .n_parameters = PARAMETERS,
                                              .n_ports = 1,
                                              .n_signals = 1,
                                              .parameters = parameters,
                                              .ports = ports,
                                              .signals = signals,
                                              .step = step,
                                              .slopes = slopes}};
