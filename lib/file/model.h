/*
 * The model file. Tensors: "weight: E -> I" [post, pre], "mask: E -> I" (1 where a synapse exists),
 * "learns: E -> I" (1 where no constraint fixes it), "bias: E", "position: E" [n, 3]; and "tau: E"
 * and the like where units differ. Names have no spaces, so these are never ambiguous. All else is
 * JSON, the text "neuroai" of the file's metadata.
 */
#ifndef NAI_FILE_MODEL_H
#define NAI_FILE_MODEL_H

#include "../network/network.h"
#include "safetensors.h"

/*
 * Of dense networks of rate units, and of those with other models, lists of synapses or short-term
 * plasticity, which older libraries cannot read: these have "model", "sizes" and the model's parameters in
 * a population; and in a projection "storage", "delays", "signal", "port" and "short_term", a place in the
 * list of that name.
 */
#define NAI__MODEL_FORMAT 1
#define NAI__MODEL_FORMAT_CELLS 2

/* Key of our text in the metadata. */
#define NAI__MODEL_KEY "neuroai"

/* Adds a network's arrays to a list of tensors. */
nai_status nai__model_add(nai__tensor_list *list, const nai_network *net);
/* Adds all else of it to an object that is open. */
void nai__model_describe(nai__json_writer *w, const nai_network *net);
/* Writes the tensors, with a description that is complete. */
nai_status nai__model_write(const nai__tensor_list *list, const nai__sink *to, nai__json_writer *w);
/* Reads the description of a file. */
nai_status nai__model_parse(nai__json_document *out, const nai__tensors *file);
/*
 * Weights of a projection, or a bias, from a file into an array laid out as theta; each value is
 * checked. The tensors' types and shapes have been checked before.
 */
nai_status nai__model_fill_weights(float *theta, const nai__tensors *file, const nai_network *net,
                                   const nai__projection *p);
nai_status nai__model_fill_bias(float *theta, const nai__tensors *file, const nai_network *net,
                                const nai__node *node);
/* A path that can be one. */
nai_status nai__model_path(const char *path);
/* Memory that a file may be read from; a buffer that one may be written to. */
nai_status nai__model_bytes(const void *bytes, int64_t size);
nai_status nai__model_buffer(int64_t capacity, const int64_t *size);
/* Says of a failure which file it is about: the end of its path, which tells files apart. */
void nai__model_blame(nai_status status, const char *kind, const nai__source *from);

/* "<what>: <node>" and "<what>: <from> -> <to>". */
void nai__model_node_tensor(char name[NAI__TENSOR_NAME], const char *what, const char *node);
void nai__model_synapse_tensor(char name[NAI__TENSOR_NAME], const char *what, const char *from,
                               const char *to);

/*
 * Words for numbers: leak, initial weights. NULL past the last; -1 for an unknown word (or NULL).
 */
const char *nai__model_leak(int32_t leak);
const char *nai__model_weights(int32_t kind);
/* A number of 64 bits, which others' JSON numbers cannot hold, from its digits; 0 when it is none. */
int nai__model_number(uint64_t *out, const char *text);
int32_t nai__model_find(const char *(*word)(int32_t), const char *text);

#endif
