load "../style.gp"
set output "widths.svg"
set xlabel "learning rate"
set ylabel "lowest validation loss (nats per sample)"
set logscale x
set format x "%g"
set xrange [0.0018:0.022]
set xtics (0.002, 0.005, 0.01, 0.02)
set key top left
set yrange [0.1:0.25]
units(n) = sprintf("column('hidden') == %d", n)
eval "plot ".swept("widths", units(32), "column('lr')", 1, "32 units").", ".\
    swept("widths", units(64), "column('lr')", 2, "64 units").", ".\
    swept("widths", units(128), "column('lr')", 3, "128 units").", ".\
    swept("widths", units(256), "column('lr')", 4, "256 units").", ".\
    swept("widths", units(512), "column('lr')", 5, "512 units").", ".\
    swept("widths", units(1024), "column('lr')", 6, "1,024 units")
