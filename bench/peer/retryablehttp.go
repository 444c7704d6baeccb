// insist-bench-retryablehttp: the load of insist-bench (bench/load.h) by HashiCorp's go-retryablehttp, as Debian has it. A
// process of its own: it says on standard output how many calls count, failed, began late and ended in time, how long it
// counted (ns) and what processor time it used (us), then how long each call took (ns); each number on a line.
// A goroutine a caller; one client for all of them, which keeps as many connections as there are callers.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	retryablehttp "github.com/hashicorp/go-retryablehttp"
)

var (
	callers  = flag.Int("callers", 1, "goroutines that call one after another")
	calls    = flag.Int64("calls", 0, "ends after so many; 0: after the duration")
	duration = flag.Duration("duration", 0, "of a loop without a number of calls")
	rate     = flag.Float64("rate", 0, "calls a second, planned ahead; 0: a closed loop")
	warm     = flag.Int("warm", 0, "calls of each caller before the start, which do not count")
	spread   = flag.Duration("spread", 0, "over which the callers begin")
	settle   = flag.Duration("settle", 0, "from the start until it counts")
	retries  = flag.Int("retries", 3, "of a call")
)

// What a caller did.
type account struct {
	took                []time.Duration
	failed, late, ended int64
}

type run struct {
	client      *retryablehttp.Client
	url         string
	next        int64
	start       time.Time
	from, until time.Time // between them it counts
}

// Full jitter of 50 ms, doubled with each retry, 20 s at most, as insist waits by itself.
func wait(_, _ time.Duration, attempt int, _ *http.Response) time.Duration {
	most := 50 * time.Millisecond
	for ; attempt > 0 && most < 20*time.Second; attempt-- {
		most *= 2
	}
	return time.Duration(rand.Int63n(int64(most)))
}

func newClient() *retryablehttp.Client {
	client := retryablehttp.NewClient()
	client.Logger = nil
	client.RetryMax = *retries
	client.Backoff = wait
	transport := client.HTTPClient.Transport.(*http.Transport)
	transport.MaxIdleConns = 0
	transport.MaxIdleConnsPerHost = *callers
	transport.DisableCompression = true
	return client
}

func (r *run) get() bool {
	answer, err := r.client.Get(r.url)
	if err != nil {
		return false
	}
	_, err = io.ReadAll(answer.Body)
	answer.Body.Close()
	return err == nil && answer.StatusCode == 200
}

// The planned begin of the caller's next call; false: there is none.
func (r *run) take(caller int, first bool) (time.Time, bool) {
	number := atomic.AddInt64(&r.next, 1) - 1
	if *calls > 0 && number >= *calls {
		return time.Time{}, false
	}
	if *rate > 0 {
		planned := r.start.Add(time.Duration(float64(number) * 1e9 / *rate))
		time.Sleep(time.Until(planned))
		return planned, true
	}
	if first && *spread > 0 {
		planned := r.start.Add(*spread * time.Duration(caller) / time.Duration(*callers))
		time.Sleep(time.Until(planned))
		return planned, true
	}
	now := time.Now()
	return now, *calls > 0 || now.Before(r.until)
}

func (r *run) call(caller int) account {
	var own account
	for first := true; ; first = false {
		planned, any := r.take(caller, first)
		if !any {
			return own
		}
		if *rate > 0 && time.Since(planned) > time.Millisecond {
			own.late++
		}
		good := r.get()
		ended := time.Now()
		if !planned.Before(r.from) {
			own.took = append(own.took, ended.Sub(planned))
			if !good {
				own.failed++
			}
		}
		if *calls > 0 || (!ended.Before(r.from) && ended.Before(r.until)) {
			own.ended++
		}
	}
}

func cpu() int64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return (usage.Utime.Nano() + usage.Stime.Nano()) / 1000
}

// Each caller on a goroutine of its own, until the last has ended.
func together(work func(caller int)) *sync.WaitGroup {
	var group sync.WaitGroup
	group.Add(*callers)
	for i := 0; i < *callers; i++ {
		go func(caller int) {
			defer group.Done()
			work(caller)
		}(i)
	}
	return &group
}

func main() {
	flag.Parse()
	r := run{client: newClient(), url: flag.Arg(0)}
	together(func(int) {
		for i := 0; i < *warm; i++ {
			r.get()
		}
	}).Wait()
	accounts := make([]account, *callers)
	r.start = time.Now()
	r.from = r.start.Add(*settle)
	r.until = r.from.Add(*duration)
	group := together(func(caller int) { accounts[caller] = r.call(caller) })
	if *calls == 0 {
		time.Sleep(time.Until(r.from))
	}
	began, cpuBefore := time.Now(), cpu()
	if *calls == 0 {
		time.Sleep(time.Until(r.until))
	} else {
		group.Wait()
	}
	elapsed, used := time.Since(began), cpu()-cpuBefore
	group.Wait()

	var all account
	for _, own := range accounts {
		all.took = append(all.took, own.took...)
		all.failed += own.failed
		all.late += own.late
		all.ended += own.ended
	}
	out := bufio.NewWriter(os.Stdout)
	for _, number := range []int64{int64(len(all.took)), all.failed, all.late, all.ended, elapsed.Nanoseconds(), used} {
		fmt.Fprintln(out, number)
	}
	for _, took := range all.took {
		fmt.Fprintln(out, took.Nanoseconds())
	}
	if out.Flush() != nil {
		os.Exit(1)
	}
}
