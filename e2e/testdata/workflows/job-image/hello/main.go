// Command hello needs a C compiler.
package main

/*
#include <stdlib.h>
static int answer(void) { return abs(-42); }
*/
import "C"

import "fmt"

func main() { fmt.Println("C says", answer()) }

func answer() int { return int(C.answer()) }
