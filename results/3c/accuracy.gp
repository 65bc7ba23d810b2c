load "../style.gp"
set output "accuracy.svg"
set ylabel "validation accuracy"
set yrange [0.84:0.98]
set key bottom right
plot "../2c/history.csv" using "step":"validation_accuracy" with lines ls 1 title "validation, 2c", \
     "../3a/history.csv" using "step":"validation_accuracy" with lines ls 2 title "validation, 3a: + init", \
     "../3b/history.csv" using "step":"validation_accuracy" with lines ls 3 title "validation, 3b: + improved sigmoid", \
     "../3c/history.csv" using "step":"validation_accuracy" with lines ls 4 title "validation, 3c: + momentum"
eval png
set output "accuracy.png"
replot
