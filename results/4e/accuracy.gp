load "../style.gp"
set output "accuracy.svg"
set ylabel "validation accuracy"
set yrange [0.88:0.98]
set key bottom right
plot "../3c/history.csv" using "step":"validation_accuracy" with lines ls 1 title "validation, one hidden layer of 64 (3c)", \
     "../4d/history.csv" using "step":"validation_accuracy" with lines ls 2 title "validation, two of 60 (4d)", \
     "../4e/history.csv" using "step":"validation_accuracy" with lines ls 3 title "validation, ten of 64 (4e)"
eval png
set output "accuracy.png"
replot
