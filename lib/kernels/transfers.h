/*
 * The transfer functions: all that is listed of them, here and elsewhere, comes from this list. A
 * new one is a line at its end, phi_ and slope_ of that name in units.inc.h, and its number in
 * network.h.
 */
#ifndef NAI_KERNELS_TRANSFERS_H
#define NAI_KERNELS_TRANSFERS_H

/* F(number, word, what is given besides): in the order of the public numbers. */
#define NAI__TRANSFER_LIST(F, ...)               \
  F(RELU, relu, __VA_ARGS__)                     \
  F(TANH, tanh, __VA_ARGS__)                     \
  F(SOFTPLUS, softplus, __VA_ARGS__)             \
  F(LOGISTIC, logistic, __VA_ARGS__)             \
  F(LINEAR, linear, __VA_ARGS__)                 \
  F(RECTIFIED_TANH, rectified_tanh, __VA_ARGS__) \
  F(POWER, power, __VA_ARGS__)

#define NAI__TRANSFER_NUMBER(number, word, ...) NAI__##number,
enum { NAI__TRANSFER_LIST(NAI__TRANSFER_NUMBER) NAI__TRANSFERS };
#undef NAI__TRANSFER_NUMBER

#endif
