load "../style.gp"
set output "momentum.svg"
set xlabel "learning rate / (1 - momentum)"
set ylabel "lowest validation loss (nats per sample)"
set logscale x
set format x "%g"
set xrange [0.002:2]
set yrange [0.1:0.3]
optimizer(name) = sprintf("strcol('config') eq '%s/run.conf'", name)
eval "plot ".swept("momentum", optimizer("3b"), "column('lr')", 1, "without momentum (3b)").", ".\
    swept("momentum", optimizer("3c"), "column('lr')*10", 2, "momentum 0.9 (3c)")
