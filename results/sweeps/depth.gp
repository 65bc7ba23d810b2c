load "../style.gp"
set output "depth.svg"
set xlabel "learning rate"
set ylabel "lowest validation loss (nats per sample)"
set logscale x
set format x "%g"
set xrange [0.0009:0.022]
set xtics (0.001, 0.002, 0.005, 0.01, 0.02)
set yrange [0.11:0.27]
set key top left
ten = "64-64-64-64-64-64-64-64-64-64"
hidden(text) = sprintf("strcol('hidden') eq '%s'", text)
eval "plot ".swept("depth", hidden("64"), "column('lr')", 1, "one layer of 64").", ".\
    swept("depth", hidden("60-60"), "column('lr')", 2, "two of 60").", ".\
    swept("depth", hidden(ten), "column('lr')", 3, "ten of 64")
