load "../style.gp"
set output "layers.svg"
set terminal svg size 1100,1050 font 'DejaVu Sans,18' background 'white'
array titles[3] = ["4e", "4e, learning rate 0.002", "4e, sigmoid"]
array items[3] = ["4e", "4e/slow", "4e/sigmoid"]
unset colorbox
unset key
set palette defined (0 "#0072B2", 0.35 "#56B4E9", 0.6 "#CC79A7", 0.8 "#D55E00", 1 "#E69F00")
set multiplot layout 3,3
set xlabel ""
set xtics 5
set logscale y
set format y "10^{%L}"
set yrange [1e-7:10]
set ylabel "gradient norm (geometric mean)"
do for [i=1:3] {
    set title titles[i]
    if (i < 3) { set yrange [0.01:10] } else { set yrange [1e-7:10] }
    plot for [l=1:11] "../".items[i]."/layers.csv" using 'epoch':sprintf("grad_norm_%d", l) with lines lw 2.5 \
        lc palette frac (l-1)/10.
    set ylabel ""
}
unset logscale y
set format y "%g"
set title ""
set yrange [0:1.8]
set ylabel "RMS of activations"
do for [i=1:3] {
    plot for [l=1:10] "../".items[i]."/layers.csv" using 'epoch':sprintf("activation_rms_%d", l) with lines lw 2.5 \
        lc palette frac (l-1)/10.
    set ylabel ""
}
set yrange [0:1]
set xlabel "epoch"
set ylabel "share of saturated activations"
do for [i=1:3] {
    if (i == 3) { set key left top maxrows 6 samplen 1.2 font ",15" width -2 }
    plot for [l=1:10] "../".items[i]."/layers.csv" using 'epoch':sprintf("saturation_%d", l) with lines lw 2.5 \
        lc palette frac (l-1)/10. title sprintf("layer %d", l), NaN with lines lw 2.5 lc palette frac 1 title "layer 11"
    set ylabel ""
}
unset multiplot
