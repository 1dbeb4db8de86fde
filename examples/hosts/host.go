// Steps and trains a model from Go, by cgo:
//
//	CGO_CFLAGS=-I../../include CGO_LDFLAGS="-L../../build -lneuroai" go run host.go MODEL
package main

/*
#include <neuroai/neuroai.h>
#include <stdlib.h>
int32_t watch(nai_progress *now, void *user);
static nai_status run(nai_trainer *trainer, int64_t steps, double *cost)
{
  return nai_trainer_run(trainer, steps, (nai_progress_callback)watch, cost);
}
*/
import "C"

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"time"
	"unsafe"
)

func check(status C.nai_status) {
	if status < 0 {
		log.Fatal(C.GoString(C.nai_last_error()))
	}
}

// A string of C, which ends with the program.
func text(s string) *C.char { return C.CString(s) }

func loop(animal *C.nai_state, inputs, outputs *[3]C.float) (sum float64) {
	*inputs, *outputs = [3]C.float{1, 0, 0}, [3]C.float{}
	check(C.nai_state_reset(animal))
	for t := 0; t < 1000; t++ {
		inputs[1], inputs[2] = 0, 0
		if t%100 < 50 {
			inputs[1] = 1
		}
		if outputs[1] > outputs[2] {
			inputs[2] = 1
		}
		check(C.nai_state_step(&outputs[0], animal, &inputs[0]))
		sum += float64(outputs[1])
	}
	return sum
}

//export watch
func watch(now *C.nai_progress, user unsafe.Pointer) C.int32_t {
	*(*C.double)(user) = now.cost
	if now.step < 20 {
		return C.NAI_OK
	}
	return C.NAI_STOP
}

func main() {
	runtime.LockOSThread() // the message of nai_last_error() is the thread's
	path := "decision.safetensors"
	if len(os.Args) > 1 {
		path = os.Args[1]
	}
	var net *C.nai_network
	check(C.nai_network_load(&net, text(path), nil))
	defer C.nai_network_destroy(net)
	var animal *C.nai_state
	check(C.nai_state_create(&animal, net, 1, 7))
	defer C.nai_state_destroy(animal)
	var inputs, outputs [3]C.float
	sum, best := 0.0, time.Hour
	for run := 0; run < 20; run++ {
		start := time.Now()
		sum = loop(animal, &inputs, &outputs)
		if took := time.Since(start); took < best {
			best = took
		}
	}

	var task *C.nai_task
	check(C.nai_task_create(&task, text("perceptual-decision-making"), net))
	defer C.nai_task_destroy(task)
	check(C.nai_task_set(task, text("stimulus"), 500))
	var cost *C.nai_cost
	check(C.nai_cost_create_cross_entropy(&cost, text("choice")))
	defer C.nai_cost_destroy(cost)
	var rule *C.nai_rule
	check(C.nai_rule_create_bptt(&rule))
	defer C.nai_rule_destroy(rule)
	var adam *C.nai_optimizer
	check(C.nai_optimizer_create_adam(&adam, 1e-3))
	defer C.nai_optimizer_destroy(adam)
	var trainer *C.nai_trainer
	check(C.nai_trainer_create(&trainer, net, rule, adam, task))
	defer C.nai_trainer_destroy(trainer)
	check(C.nai_trainer_add_cost(trainer, cost, 1))
	check(C.nai_trainer_set(trainer, text("evaluate_every"), 0))
	var last C.double
	check(C.run(trainer, 1000, &last))

	fmt.Printf("loop %.6f, cost %.6f after %d updates\n", sum, float64(last), int64(C.nai_trainer_updates(trainer)))
	fmt.Printf("%.2f us a step\n", best.Seconds()*1e3)
}
