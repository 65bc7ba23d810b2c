load "../style.gp"
set output "loss.svg"
set terminal svg size 820,760 font 'DejaVu Sans,18' background 'white'
set multiplot layout 2,1
set ylabel "training loss (nats per sample)"
set yrange [0:0.4]
set xrange [0:27000]
eval "plot ".train_loss("3", 6, bold(6), "not shuffled (3)").", ".train_loss("2c", 5, bold(5), "shuffled (2c)")
set xrange [10000:13125]
set yrange [0.1:0.25]
set xtics 625
unset key
eval "plot ".train_loss("3", 6, bold(6), "").", ".train_loss("2c", 5, bold(5), "")
unset multiplot
