package main

// What was tried and what came of it: one line of JSON for each step, for the script that prints the table.

import (
	"context"
	"encoding/json"
	"os"
	"time"
)

const stepTimeout = 30 * time.Second

type outcome struct {
	Step   string  `json:"step"`
	OK     bool    `json:"ok"`
	Detail string  `json:"detail"`
	MS     float64 `json:"ms"`
}

// step does one thing within its time, and says whether it worked.
func step(name string, work func(ctx context.Context) (string, error)) bool {
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	began := time.Now()
	detail, err := work(ctx)
	if err != nil {
		detail = err.Error()
	}
	say(outcome{name, err == nil, detail, float64(time.Since(began).Microseconds()) / 1000})
	return err == nil
}

func say(line any) {
	_ = json.NewEncoder(os.Stdout).Encode(line)
}
