load "../style.gp"
set output "momentum.svg"
set xlabel "learning rate / (1 - momentum)"
set ylabel "lowest validation loss (nats per sample)"
set logscale x
set format x "%g"
set xrange [0.0018:0.6]
set yrange [0.12:0.24]
set key top left
set xtics (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)
optimizer(name) = sprintf("strcol('config') eq '%s/run.conf'", name)
eval "plot ".swept("momentum", optimizer("3b"), "column('lr')", 4, "without momentum (3b)").", ".\
    swept("momentum", optimizer("3c"), "column('lr')*10", 1, "momentum 0.9 (3c)")
