/* What may be called when: composing, then the build; and the first error of a composition. */
#include <stdio.h>

#include "../base/error.h"
#include "network.h"

nai_status nai__remember(nai_network *net, nai_status status)
{
  if (status != NAI_OK && !net->built && net->error == NAI_OK) {
    net->error = status;
    snprintf(net->message, sizeof net->message, "%s", nai_last_error());
  }
  return status;
}

nai_status nai__may_set(const nai_network *net)
{
  NAI__REQUIRE(net);
  return net->error ? nai__fail(net->error, "%s", net->message) : NAI_OK;
}

nai_status nai__may_compose(const nai_network *net)
{
  NAI__TRY(nai__may_set(net));
  return net->built ? nai__fail(NAI_ERR_ORDER, "the network is built, its structure is fixed")
                    : NAI_OK;
}

nai_status nai__require_built(const nai_network *net, const char *argument)
{
  if (!net) return nai__fail_null(argument);
  NAI__TRY(nai__may_set(net));
  return net->built ? NAI_OK : nai__fail(NAI_ERR_ORDER, "%s is not built yet", argument);
}
