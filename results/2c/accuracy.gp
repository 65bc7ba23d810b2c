load "../style.gp"
set output "accuracy.svg"
set ylabel "accuracy"
set yrange [0.8:1]
set key bottom right
plot "../2c/history.csv" using "step":"train_accuracy" with lines ls 1 title "train", \
     "../2c/history.csv" using "step":"validation_accuracy" with lines ls 2 title "validation"
eval png
set output "accuracy.png"
replot
